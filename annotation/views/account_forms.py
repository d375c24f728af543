"""The forms of signing in and of one's own account."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.password_validation import password_validators_help_texts

from annotation.enums import Seniority, Specialty
from annotation.models import User

ATTRS = {"class": "input"}
NEW = {**ATTRS, "autocomplete": "new-password"}
CURRENT = {**ATTRS, "autocomplete": "current-password"}


class SignInForm(AuthenticationForm):
    """Whether the address is unknown, the password wrong or the account closed: the sentence is the same."""

    error_messages = {
        "invalid_login": "This e-mail address and password do not go together. If you never chose a password, enter by "
        "a one-time link instead.",
        "inactive": "This e-mail address and password do not go together.",
    }
    username = forms.EmailField(
        label="E-mail", widget=forms.EmailInput(attrs={**ATTRS, "autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(label="Password", strip=False, widget=forms.PasswordInput(attrs=CURRENT))


class PasswordForm(forms.Form):
    """Choose a password; whoever has one must say it."""

    current = forms.CharField(label="Current password", strip=False, widget=forms.PasswordInput(attrs=CURRENT))
    new = forms.CharField(label="New password", strip=False, widget=forms.PasswordInput(attrs=NEW))
    again = forms.CharField(label="The same again", strip=False, widget=forms.PasswordInput(attrs=NEW))

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        self.user = user
        if not user.has_usable_password():
            del self.fields["current"]
            self.fields["new"].label = "Password"
        self.fields["new"].help_text = " ".join(password_validators_help_texts())

    def clean_current(self) -> str:
        value: str = self.cleaned_data["current"]
        if not self.user.check_password(value):
            raise forms.ValidationError("This is not your current password.")
        return value

    def clean_again(self) -> str:
        value: str = self.cleaned_data["again"]
        if value != self.cleaned_data.get("new"):
            raise forms.ValidationError("The two are not the same.")
        return value


class AboutForm(forms.Form):
    """What releases may say of her beside her pseudonym."""

    specialty = forms.ChoiceField(
        label="Your field",
        choices=[("", "Not said"), *Specialty.choices],
        required=False,
        widget=forms.Select(attrs=ATTRS),
    )
    seniority = forms.ChoiceField(
        label="How far you are",
        choices=[("", "Not said"), *Seniority.choices],
        required=False,
        widget=forms.Select(attrs=ATTRS),
    )
