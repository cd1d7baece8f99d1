"""The command by itself: what it says of words that it does not know, and to a shell."""

import pytest
from click.testing import CliRunner

from adapter.cli import COMMANDS, ELSEWHERE, cli
from adapter.config import API
from adapter.local.banner import path_of


def said(*words, **environ):
    done = CliRunner().invoke(cli, [*words], prog_name="adapter", env=environ)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("word", "meant"),
    [("devv", "dev"), ("promot", "promote"), ("run", "dev"), ("delete", "destroy")],
)
def test_a_command_that_was_meant_is_named(word, meant):
    status, text = said(word, "main:app")
    assert status == 2
    assert f"No such command {word!r}. Did you mean {meant!r}?" in text


def test_what_resembles_no_command_is_refused_without_a_guess():
    status, text = said("xyzzy")
    assert status == 2
    assert "Did you mean" not in text


def test_what_other_tools_call_a_command_is_none_of_ours():
    assert set(ELSEWHERE.values()) <= set(COMMANDS)
    assert not set(ELSEWHERE) & set(COMMANDS)


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({}, "/"),
        ({"stage": "prod"}, "/prod/"),
        ({"stage": "prod", "base_paths": {"shop/v2": "prod", "shop": "beta"}}, "/shop/v2/"),
        ({"stage": "prod", "base_paths": {"(none)": "prod"}}, "/"),
    ],
)
def test_the_url_that_is_shown_first_leads_to_the_app(settings, path):
    assert path_of(API("rest_api", **settings)) == path


@pytest.mark.parametrize("words", [["-h"], ["dev", "-h"]])
def test_h_is_help(words):
    status, text = said(*words)
    assert (status, text.split()[0]) == (0, "Usage:")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("event ht", "plain,http_api"), ("event sq", "plain,sqs"), ("replay x", "file,x")],
)
def test_a_shell_is_told_what_a_word_may_become(typed, offered):
    words = {"COMP_WORDS": f"adapter {typed}", "COMP_CWORD": "2"}
    _, text = said(_ADAPTER_COMPLETE="bash_complete", **words)
    assert offered in text.split()
