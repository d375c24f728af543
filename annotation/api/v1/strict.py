"""What is sent has the fields that its shape names and no others: a field that is misspelt is not lost unsaid."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class StrictShape(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                known = ", ".join(self.fields)
                raise serializers.ValidationError({unknown[0]: [f"There is no such field here. There are: {known}."]})
        return super().to_internal_value(data)
