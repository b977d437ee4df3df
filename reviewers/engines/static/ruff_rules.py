"""Which of ruff's rules we run, to whose review they belong, and what they mean to a reader.

Chosen for what breaks or is abused: rules about taste are left to ruff in the repository itself.
Titles say what happens; where a title is empty, ruff's own message names the thing best.
"""

from __future__ import annotations

from reviewers.core.finding import Severity
from reviewers.protocols import AnalyserRule

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW

SEEMS_SAFE = "seems safe"
"""ruff's words where a shell gets constant text only; such a hit is of low severity."""


def _rules(
    rule: str, severity: Severity, title: str, body: str, fix: str, *codes: str
) -> dict[str, AnalyserRule]:
    return {code: AnalyserRule(rule, severity, title, body, fix) for code in codes}


_XML = ("S313", "S314", "S315", "S316", "S317", "S318", "S319")
_FORMAT = (
    *("F501", "F502", "F503", "F504", "F505", "F506", "F507", "F508", "F509"),
    *("F521", "F522", "F523", "F524", "F525", "PLE1205", "PLE1206", "PLE1300", "PLE1307"),
)
_SPECIAL = ("PLE0302", "PLE0303", "PLE0304", "PLE0305", "PLE0307", "PLE0308", "PLE0309")
_SYNTAX = (
    *("F404", "F407", "F621", "F622", "F633", "F701", "F702", "F704", "F706", "F707", "F722"),
    *("PLE0100", "PLE0115", "PLE0116", "PLE0117", "PLE0118", "PLE1142", "PLE1700", "PLE0704"),
)

SECURITY: dict[str, AnalyserRule] = {
    **_rules(
        "security/shell-injection",
        HIGH,
        "A shell interprets this command",
        "With a shell, every character of the command has a meaning; text from outside becomes "
        "commands of its own.",
        "Pass the arguments as a list, without a shell.",
        *("S602", "S604", "S605", "S609", "S601"),
    ),
    **_rules(
        "security/sql-injection",
        MEDIUM,
        "A query is put together as text",
        "Whatever the text holds becomes part of the statement.",
        "Pass the values as parameters of the query.",
        *("S608", "S610", "S611"),
    ),
    **_rules(
        "security/code-injection",
        HIGH,
        "Text is evaluated as code",
        "Whoever can choose the text runs code in this process.",
        "Use `ast.literal_eval`, or look the value up in a fixed table.",
        *("S102", "S307"),
    ),
    **_rules(
        "security/code-injection",
        HIGH,
        "Loading this data can run code",
        "The format lets its author call any function while it is being read.",
        "Read data from outside in a format without code: JSON, or `yaml.safe_load`.",
        *("S301", "S302", "S506"),
    ),
    **_rules(
        "security/code-injection",
        HIGH,
        "Logging configuration is taken from the network",
        "What arrives at this socket is evaluated as code.",
        "Give `listen` a `verify` function, or load the configuration from a file.",
        "S612",
    ),
    **_rules(
        "security/template-injection",
        HIGH,
        "The template engine does not escape HTML",
        "Text that is put into a page is sent as it is, scripts too.",
        "Turn autoescaping on.",
        *("S701", "S702"),
    ),
    **_rules(
        "security/cross-site-scripting",
        MEDIUM,
        "Text is marked as safe HTML",
        "It is then sent to browsers without being escaped.",
        "Escape the parts that come from outside first, with `format_html` or `escape`.",
        *("S308", "S704"),
    ),
    **_rules(
        "security/path-traversal",
        HIGH,
        "An archive chooses where its files go",
        "A name with `..` or a link inside the archive is written outside of the folder.",
        'Call `extractall` with `filter="data"`.',
        "S202",
    ),
    **_rules(
        "security/xml-entities",
        MEDIUM,
        "XML is parsed with entities on",
        "A small document can blow up to fill the memory.",
        "Parse XML from outside with `defusedxml`.",
        *_XML,
    ),
    **_rules(
        "security/hardcoded-secret",
        MEDIUM,
        "A password stands in the code",
        "Everyone who can read the repository knows it, also after it is removed.",
        "Read it from the environment or a secret store, and change it.",
        *("S105", "S106", "S107"),
    ),
    **_rules(
        "security/unverified-tls",
        HIGH,
        "The server's certificate is not checked",
        "Anyone on the way can read and change what is sent.",
        "Leave the check on; give the authority's certificate with `verify=` if it is your own.",
        *("S501", "S323"),
    ),
    **_rules(
        "security/unverified-tls",
        MEDIUM,
        "An outdated TLS version is allowed",
        "Old versions can be broken by someone on the way.",
        "Use `ssl.create_default_context()`.",
        *("S502", "S503", "S504"),
    ),
    **_rules(
        "security/unverified-tls",
        HIGH,
        "The host key is accepted unseen",
        "Anyone on the way can pose as the server.",
        "Load the known hosts and refuse unknown ones.",
        "S507",
    ),
    **_rules(
        "security/weak-cryptography",
        MEDIUM,
        "A broken cipher or key size is used",
        "What it protects can be read with today's means.",
        "Use AES-GCM or ChaCha20-Poly1305, RSA keys of 3072 bits, or Ed25519.",
        *("S304", "S305", "S505", "S508", "S509"),
    ),
    **_rules(
        "security/weak-cryptography",
        LOW,
        "A broken hash function is used",
        "Two inputs with the same hash can be made; for passwords it is far too fast.",
        "Use SHA-256, or `usedforsecurity=False` where nothing depends on it.",
        *("S303", "S324"),
    ),
    **_rules(
        "security/weak-cryptography",
        MEDIUM,
        "Passwords travel in clear text",
        "The protocol does not encrypt; anyone on the way can read along.",
        "Use SSH or TLS.",
        *("S312", "S321"),
    ),
    **_rules(
        "security/weak-randomness",
        LOW,
        "This random number can be predicted",
        "After a few outputs the next ones can be computed.",
        "Use the `secrets` module where the number must not be guessed.",
        "S311",
    ),
    **_rules(
        "security/unsafe-temporary-file",
        MEDIUM,
        "The temporary name can be taken by others",
        "Between choosing and opening it somebody else can put a link there.",
        "Use `tempfile.NamedTemporaryFile` or `mkstemp`.",
        "S306",
    ),
    **_rules(
        "security/excessive-permissions",
        MEDIUM,
        "The file is open to everybody on the machine",
        "Other users can read or change it.",
        "Use mode 0600, or 0700 for programs.",
        "S103",
    ),
    **_rules(
        "security/exposed-service",
        LOW,
        "The service listens on every network",
        "It can be reached from wherever the machine can be reached.",
        "Bind to 127.0.0.1, or make the address a setting.",
        "S104",
    ),
    **_rules(
        "security/exposed-service",
        HIGH,
        "The debugger is on in the web server",
        "Whoever sees an error page can run code from it.",
        "Take the flag from the environment, off by default.",
        "S201",
    ),
    **_rules(
        "security/resource-exhaustion",
        LOW,
        "The request waits for ever",
        "A server that does not answer holds this caller until it is restarted.",
        "Give a `timeout`.",
        "S113",
    ),
}

CORRECTNESS: dict[str, AnalyserRule] = {
    "invalid-syntax": AnalyserRule(
        "correctness/syntax-error",
        HIGH,
        "The file cannot be parsed",
        "Python stops with a syntax error when it is imported.",
        "Correct the syntax.",
    ),
    **_rules("correctness/syntax-error", HIGH, "", "It fails when it is run.", "", *_SYNTAX),
    **_rules(
        "correctness/undefined-name",
        HIGH,
        "",
        "A NameError is raised when this line is reached.",
        "Define or import the name, or correct its spelling.",
        *("F821", "F822", "F823", "PLE0237"),
    ),
    **_rules(
        "correctness/wrong-result",
        MEDIUM,
        "",
        "The text and its values do not fit together; formatting fails or loses a value.",
        "Make placeholders and values agree.",
        *_FORMAT,
    ),
    **_rules(
        "correctness/shared-state",
        MEDIUM,
        "The default value is shared by all calls",
        "It is made once; what one call puts into it, the next one finds.",
        "Use `None` as the default and make the value inside.",
        *("B006", "B039"),
    ),
    **_rules(
        "correctness/shared-state",
        MEDIUM,
        "The function sees the loop's last value",
        "It looks the variable up when it is called, not when it is made.",
        "Bind the value as a default argument.",
        "B023",
    ),
    **_rules(
        "correctness/resource-leak",
        LOW,
        "The cache keeps every instance alive",
        "`self` is part of the key, so no object is freed while it is cached.",
        "Cache a function outside of the class, or use `cached_property`.",
        "B019",
    ),
    **_rules(
        "correctness/wrong-condition",
        HIGH,
        "The condition is always true",
        "A tuple that is not empty is true, whatever it holds.",
        "Remove the brackets or the comma.",
        *("F631", "F634"),
    ),
    **_rules(
        "correctness/wrong-condition",
        MEDIUM,
        "Values are compared by identity",
        "Two equal values need not be the same object; the result depends on the interpreter.",
        "Compare with `==`.",
        "F632",
    ),
    **_rules(
        "correctness/wrong-condition",
        LOW,
        "",
        "",
        "",
        *("B004", "B015", "B018", "B032", "E721"),
    ),
    **_rules(
        "correctness/wrong-result",
        MEDIUM,
        "",
        "The code runs and does something else than it seems to.",
        "",
        *("B002", "B003", "B005", "B020", "B026", "B031", "B034", "B035", "F601", "F602"),
        *("PLE0643", "PLE1310", "PLE1507", "PLE1519", "PLE1520", *_SPECIAL),
    ),
    **_rules(
        "correctness/wrong-exception",
        MEDIUM,
        "",
        "The error that arrives is another one, or none.",
        "",
        *("B016", "B029", "B030", "F901", "PLE0101"),
    ),
    **_rules(
        "correctness/lost-error",
        MEDIUM,
        "`finally` swallows the error",
        "Leaving the block this way drops the exception that was on its way.",
        "Move the statement behind the block.",
        "B012",
    ),
    **_rules(
        "correctness/lost-error",
        LOW,
        "Every error is swallowed here",
        "Also the ones nobody thought of: the failure shows somewhere else, or never.",
        "Catch the error that is expected, and log it.",
        *("S110", "S112", "E722"),
    ),
    **_rules(
        "correctness/ineffective-test",
        MEDIUM,
        "",
        "The test passes whatever goes wrong.",
        "",
        *("B011", "B017"),
    ),
    **_rules(
        "correctness/broken-contract",
        MEDIUM,
        "",
        "The later definition takes the place of the earlier one.",
        "Give one of them another name.",
        *("F811", "F402", "PLE0241", "PLE0604", "PLE0605", "PLE1132"),
    ),
    **_rules(
        "correctness/blocking-call",
        MEDIUM,
        "The event loop stands still here",
        "Nothing else in this process runs until the call returns.",
        "Use the asynchronous form, or `asyncio.to_thread`.",
        *("ASYNC210", "ASYNC212", "ASYNC220", "ASYNC221", "ASYNC222", "ASYNC250", "ASYNC251"),
    ),
    **_rules("correctness/missing-await", MEDIUM, "", "", "Await the call.", "ASYNC105"),
}

STYLE: dict[str, AnalyserRule] = {
    **_rules(
        "style/dead-code",
        LOW,
        "",
        "A reader looks for a use that does not exist.",
        "Remove it.",
        *("F401", "F841", "F842"),
    ),
    **_rules(
        "style/confusing-comparison",
        LOW,
        "",
        "",
        "",
        *("E711", "E712", "E713", "E714"),
    ),
    **_rules("style/needless-complexity", LOW, "", "", "", *("F541", "B013", "B014", "B033")),
}

RULES: dict[str, AnalyserRule] = {**SECURITY, **CORRECTNESS, **STYLE}
