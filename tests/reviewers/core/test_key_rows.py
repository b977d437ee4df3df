"""Private keys in code that puts them together: their base64 goes, what is round it stays."""

from __future__ import annotations

from time import process_time

import pytest

from reviewers.core.key_rows import without_key_bodies, without_key_rows

LETTERS = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F2"
ROWS = [LETTERS, LETTERS[::-1], LETTERS[7:] + LETTERS[:7]]
LAST = "T8Bq+x=="
BEGIN, END = "-----BEGIN EC PRIVATE" + " KEY-----", "-----END EC PRIVATE" + " KEY-----"

CODE = {
    "bytes": '    b"{}\\n"',
    "formatted strings": '    f"{}\\n"',
    "added pieces": 'key += "{}\\n";',
    "joined pieces": "$key .= '{}\\n';",
    "appended pieces": 'text.append("{}").append(NEW_LINE);',
    "a shell": 'echo "{}" >> key.pem',
    "a comment of INI": "; {}",
    "a comment of TeX": "% {}",
    "a page": "{}<br>",
}


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
@pytest.mark.parametrize("between", ["\n", "\n\n", "\npause(1);\n"], ids=["", "blank", "code"])
def test_s48_of_a_key_in_code_no_base64_is_left_and_all_the_code_is(
    code: str, between: str
) -> None:
    rows = [code.format(part) for part in (BEGIN, *ROWS, END)]
    masked = [rows[0], *(code.format("…") for _ in ROWS), rows[-1]]
    assert without_key_bodies(between.join(rows)) == between.join(masked)


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_s48_nor_is_its_last_row_which_may_be_short(code: str) -> None:
    out = without_key_bodies("\n".join(code.format(part) for part in (BEGIN, *ROWS, LAST, END)))
    assert out.split("\n")[-2:] == [code.format("…"), code.format(END)]


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_s48_nor_is_that_of_a_key_whose_end_is_cut_off(code: str) -> None:
    """As a hunk may cut it off. What is far behind a mere mention of BEGIN is no key's."""
    rows = [code.format(part) for part in (BEGIN, "Proc-Type: 4,ENCRYPTED", "", *ROWS)]
    far = f"\n\n\n\n\nrun('{LETTERS}')"
    masked = [*rows[:3], *(code.format("…") for _ in ROWS)]
    assert without_key_bodies("\n".join(rows) + far).split("\n")[3:] == [
        *masked[3:],
        *far.split("\n")[1:],
    ]


def test_s48_rows_with_numbers_and_a_one_liner() -> None:
    rows = [f"{n} {part}" for n, part in enumerate((BEGIN, *ROWS, END))]
    assert without_key_bodies("\n".join(rows)).split("\n")[1:-1] == ["1 …", "2 …", "3 …"]
    text = f'k = "{BEGIN}" + "{ROWS[0]}" + "{END}"; run(name)'
    assert without_key_bodies(text) == f'k = "{BEGIN}" + "…" + "{END}"; run(name)'


def test_between_begin_and_end_no_code_is_hidden() -> None:
    """Whoever writes both into comments gets nothing but long runs of letters past the reviewers."""
    code = ["eval(payload)", f"eval('{LETTERS}')", "os.system(name)", f"eval({LETTERS})", "drop()"]
    rows = without_key_bodies("\n".join((f"# {BEGIN}", *code, f"# {END}", f"'{LETTERS}'")))
    assert rows.split("\n") == [
        *(f"# {BEGIN}", "eval(payload)", "eval('…')", "os.system(name)", "eval(…)", "drop()"),
        *(f"# {END}", f"'{LETTERS}'"),
    ]


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_s48_of_the_middle_of_a_key_in_code_no_base64_is_left(code: str) -> None:
    rows = [code.format(part) for part in (*ROWS, LAST)]
    text = "\n".join(("before()", *rows, code.format("behind"), "run(name)"))
    assert without_key_rows(text).split("\n") == [
        "before()",
        *(code.format("…") for _ in rows),
        code.format("behind"),
        "run(name)",
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [f'run("{LETTERS}")'],
        [f'run("{LETTERS}")', f'go("{LETTERS}")'],
        [f'run("{LETTERS}")', f'run("{LETTERS[1:]}")'],
        [f'sum("{"0123456789abcdef" * 4}")'] * 3,
        ['import("com/acme/shop/internal/orders/two")'] * 3,
        ["x = handleTheRequestOfTheVeryFirstCustomer()"] * 3,
        ["eval(a)", "eval(b)"],
    ],
)
def test_what_only_looks_a_little_like_it_stays(rows: list[str]) -> None:
    assert without_key_rows("\n".join(rows)) == "\n".join(rows)


HOSTILE = {
    "runs that are too short": f"{BEGIN}\n" + ("A" * 31 + ".") * 30_000,
    "many keys": f"{BEGIN}\nx = {LETTERS}\n{END}\n" * 5000,
    "many beginnings": f"{BEGIN}\nx={LETTERS};\n" * 8000,
    "many ends": BEGIN + END * 20_000,
    "rows alike": f"x = '{LETTERS}'\n" * 20_000,
    "keys on one row": f"{BEGIN} {LETTERS} {END} " * 5000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_s37_no_text_of_a_stranger_takes_for_ever(text: str) -> None:
    begun = process_time()
    without_key_bodies(text)
    without_key_rows(text)
    assert process_time() - begun < 5.0
