"""The inputs: `action.yml`, the code that reads them and the README say the same."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.doors.action import RANKS, Results
from bot.doors.inputs import ENGINES, NAMES, POSTS, SECRETS, Inputs, read_inputs, variable
from bot.errors import UsageProblem
from reviewers.core.finding import Severity
from tests.bot.doors.job import ACTION, ROOT


def given(**inputs: str) -> Inputs:
    return read_inputs({variable(n.replace("_", "-")): v for n, v in inputs.items()})


def test_action_yml_declares_what_is_read() -> None:
    assert set(ACTION["inputs"]) == {*NAMES, *SECRETS}
    (review,) = [s for s in ACTION["runs"]["steps"] if s["id"] == "review"]
    handed = {variable(name): f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}
    python = {"TRIPTYCH_PYTHON": "${{ steps.install.outputs.python }}"}
    assert review["env"] == {**handed, **python}


def test_the_defaults_of_action_yml_are_those_of_the_code() -> None:
    defaults = {n: i["default"] for n, i in ACTION["inputs"].items() if n in NAMES}
    assert read_inputs({variable(n): v for n, v in defaults.items()}) == Inputs() == read_inputs({})


def test_action_yml_gives_out_what_is_written() -> None:
    assert set(ACTION["outputs"]) == set(Results().outputs())
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.review.outputs.{name} }}}}"
    assert all(word in ACTION["outputs"]["outcome"]["description"] for word in RANKS)


def test_no_expression_stands_in_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


def test_the_readme_tells_every_input_and_output() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    section = re.search(r"^## As a GitHub Action\n.*?(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert section is not None
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"`{name}`" in section[0], name
    for word in (*ENGINES, *POSTS, *RANKS):
        assert f"`{word}`" in section[0], word


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({}, Inputs()),
        ({"engine": " static "}, Inputs(engine="static")),
        ({"fail_on": "HIGH"}, Inputs(fail_on=Severity.HIGH)),
        ({"fail_on_incomplete": "true"}, Inputs(fail_on_incomplete=True)),
        ({"config": "ci/review.toml"}, Inputs(config="ci/review.toml")),
        ({"max_cost": "0.25"}, Inputs(max_cost=0.25)),
        ({"model": "claude-haiku-5-5"}, Inputs(model="claude-haiku-5-5")),
        ({"pull_request": "12"}, Inputs(pull_request=12)),
    ],
)
def test_inputs_are_read(inputs: dict[str, Any], wanted: Inputs) -> None:
    assert given(**inputs) == wanted


@pytest.mark.parametrize(
    "inputs",
    [
        {"engine": "gpt"},
        {"fail_on": "blocker"},
        {"fail_on_incomplete": "yes"},
        {"post": "approve"},
        {"config": "../x.toml"},
        {"config": "a/../../x.toml"},
        {"config": "/etc/x.toml"},
        {"config": "x.json"},
        {"config": "a:b.toml"},
        {"config": "a\nb.toml"},
        {"pull_request": "0"},
        {"pull_request": "-1"},
        {"pull_request": "1\n2"},
        {"pull_request": "٣"},
        {"model": "../x"},
        {"model": "a b"},
        {"max_cost": "-1"},
        {"max_cost": "nan"},
        {"max_cost": "lots"},
        {"max_cost": "0_5"},
    ],
)
def test_wrong_inputs_are_refused_by_name(inputs: dict[str, str]) -> None:
    (name,) = inputs
    with pytest.raises(UsageProblem, match=name.replace("_", "-")):
        given(**inputs)
