"""Who may do what: five roles, each a set of permissions; nothing here knows of HTTP."""

from enum import StrEnum


class Permission(StrEnum):
    """One thing that a person or a program may do; every path of the dashboard needs one."""

    VIEW = "view"
    ACKNOWLEDGE = "acknowledge"
    SHELVE = "shelve"
    REPORT = "report"
    """Report a fault for the maintenance log."""
    REPAIR = "repair"
    """Accept a maintenance entry, write what was done, verify it."""
    RECORD_FOOD = "record-food"
    """Fill in and sign the canteen's sheets, keep and destroy food samples."""
    ADMINISTER = "administer"


class Role(StrEnum):
    """viewer < guard, canteen, maintainer < admin."""

    VIEWER = "viewer"
    GUARD = "guard"
    CANTEEN = "canteen"
    MAINTAINER = "maintainer"
    ADMIN = "admin"

    @property
    def permissions(self) -> frozenset[Permission]:
        return _PERMISSIONS[self]

    def may(self, permission: Permission) -> bool:
        return permission in _PERMISSIONS[self]

    def may_acknowledge(self, area: str) -> bool:
        """Whether alerts of the plan's `area` are this role's to answer; the canteen's are food."""
        if not self.may(Permission.ACKNOWLEDGE):
            return False
        return self is not Role.CANTEEN or area == "food"


_DUTY = frozenset({Permission.VIEW, Permission.ACKNOWLEDGE, Permission.REPORT})
_PERMISSIONS = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.GUARD: _DUTY,
    Role.CANTEEN: _DUTY | {Permission.RECORD_FOOD},
    Role.MAINTAINER: _DUTY | {Permission.SHELVE, Permission.REPAIR},
    Role.ADMIN: frozenset(Permission),
}
