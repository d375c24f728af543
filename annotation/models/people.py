"""Who there is: users, institutions, and what each may do in which study."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from annotation.enums import Role, Seniority, Specialty


class UserManager(BaseUserManager["User"]):
    """E-mail is the name; nobody has a password until she chooses one."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email or "@" not in email:
            raise ValueError("A person needs an e-mail address, such as name@hospital.example.")
        user = self.model(email=self.normalize_email(email).strip(), **fields)
        user.set_password(password) if password else user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    case_digest = models.BooleanField(default=True)
    """Whether she wants an e-mail when cases wait for her."""
    specialty = models.CharField(max_length=30, choices=Specialty.choices, blank=True)
    seniority = models.CharField(max_length=30, choices=Seniority.choices, blank=True)
    """As she said them herself; empty until she does. A study's releases name them where it says so."""

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.CheckConstraint(
                name="user_specialty_known", condition=models.Q(specialty__in=["", *Specialty.values])
            ),
            models.CheckConstraint(
                name="user_seniority_known", condition=models.Q(seniority__in=["", *Seniority.values])
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Institution(models.Model):
    name = models.CharField(max_length=120, unique=True)
    code = models.SlugField(max_length=20, unique=True)
    """Stands for the institution in releases."""

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    study = models.ForeignKey("annotation.Study", on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, null=True, blank=True)
    pseudonym = models.CharField(max_length=12)
    """Stands for the person in releases and on researchers' pages, e.g. R03."""
    joined_at = models.DateTimeField()
    calibrated_at = models.DateTimeField(null=True, blank=True)
    """When she passed the study's calibration, or was let through."""
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    ratings_withheld = models.BooleanField(default=False)
    """She withdrew, and the study's consent says that her ratings leave with her."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "user", "role"], name="membership_once_per_role"),
            models.UniqueConstraint(fields=["study", "pseudonym"], name="membership_pseudonym_unique"),
            models.CheckConstraint(
                name="membership_institution_where_needed",
                condition=models.Q(institution__isnull=False) | ~models.Q(role__in=[Role.ANNOTATOR, Role.COORDINATOR]),
            ),
            models.CheckConstraint(name="membership_role_known", condition=models.Q(role__in=Role.values)),
            models.CheckConstraint(
                name="membership_withheld_only_if_withdrawn",
                condition=models.Q(ratings_withheld=False) | models.Q(withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pseudonym} ({self.get_role_display()})"


class SignInLink(models.Model):
    """One door, once: only the digest of its token is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link for {self.user_id}, expires {self.expires_at:%Y-%m-%d %H:%M}"
