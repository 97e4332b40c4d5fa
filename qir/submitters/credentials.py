"""Where keys come from: the environment variables and files that the vendors' own clients use."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qir.errors import UsageError
from qir.submitters.secret import Secret

__all__ = ["IbmCredentials", "IonqCredentials", "ibm_credentials", "ionq_credentials"]

IONQ_KEYS = ("IONQ_API_KEY", "QISKIT_IONQ_API_TOKEN", "IONQ_API_TOKEN", "CIRQ_IONQ_API_KEY")
IONQ_URLS = ("IONQ_API_URL", "IONQ_REMOTE_HOST", "CIRQ_IONQ_REMOTE_HOST")
IBM_KEYS = ("QISKIT_IBM_TOKEN", "IQP_API_TOKEN", "IBMCLOUD_API_KEY", "IBM_CLOUD_API_KEY")


@dataclass(frozen=True, slots=True)
class IonqCredentials:
    """key: the API key.    url: base of the API, version included."""

    key: Secret
    url: str = "https://api.ionq.co/v0.4"


@dataclass(frozen=True, slots=True)
class IbmCredentials:
    """key: the long-lived API key, sent to the token service only.    instance: the CRN.
    url: base of the API.    iam_url: the token service."""

    key: Secret
    instance: str
    url: str
    iam_url: str = "https://iam.cloud.ibm.com"


def ionq_credentials(url: str | None = None) -> IonqCredentials:
    """The key from the environment (or the keyring); UsageError says which variables were looked at."""
    base = url or _first(IONQ_URLS) or IonqCredentials.__dataclass_fields__["url"].default
    if url is not None and _is_local(url):
        key: str | None = _first(IONQ_KEYS) or "local"
    else:
        key = _first(IONQ_KEYS) or _keyring("ionq")
    if not key:
        raise UsageError(f"no IonQ API key: set {IONQ_KEYS[0]} (also looked at: {', '.join(IONQ_KEYS[1:])}, keyring qir/ionq)")
    return IonqCredentials(Secret(key), str(base).rstrip("/"))


def ibm_credentials(url: str | None = None) -> IbmCredentials:
    """Key and instance from the environment, the Qiskit account file, or the keyring."""
    local = url is not None and _is_local(url)
    account = {} if local else _account()
    key = _first(IBM_KEYS) or account.get("token") or ("local" if local else _keyring("ibm"))
    instance = os.environ.get("QISKIT_IBM_INSTANCE") or account.get("instance") or ("crn:local" if local else None)
    if not key:
        others = ", ".join(IBM_KEYS[1:])
        raise UsageError(f"no IBM API key: set {IBM_KEYS[0]} (also looked at: {others}, the Qiskit account file)")
    if not instance:
        raise UsageError("no IBM instance: set QISKIT_IBM_INSTANCE to the CRN of your instance")
    base = url or os.environ.get("QISKIT_IBM_RUNTIME_URL") or _region_url(instance)
    iam = url if local and url else os.environ.get("IAM_URL", "https://iam.cloud.ibm.com")
    return IbmCredentials(Secret(key), instance, base.rstrip("/"), iam.rstrip("/"))


def _region_url(instance: str) -> str:
    """The API's base from the region, the sixth field of the CRN; us-east has no prefix."""
    parts = instance.split(":")
    region = parts[5] if len(parts) > 5 else "us-east"
    return f"https://{'' if region in ('', 'us-east') else region + '.'}quantum.cloud.ibm.com/api"


def _account() -> dict[str, Any]:
    path = Path.home() / ".qiskit" / "qiskit-ibm.json"
    try:
        accounts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(accounts, dict):
        return {}
    for row in [accounts.get("default-ibm-quantum-platform"), accounts.get("default-ibm-cloud"), *accounts.values()]:
        if isinstance(row, dict) and isinstance(row.get("token"), str):
            return row
    return {}


def _first(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)


def _is_local(url: str) -> bool:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _keyring(name: str) -> str | None:
    try:
        import keyring
    except ModuleNotFoundError:
        return None
    try:
        found: str | None = keyring.get_password("qir", name)
    except Exception:  # a keyring without a back end must not stop the environment from being tried
        return None
    return found
