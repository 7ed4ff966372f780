"""Registries: a name is taken once, and a file in a package is enough to add a choice."""

import sys

import pytest
from messages import exactly

from gdlab.registry import Registry


def test_a_name_is_taken_once():
    registry = Registry("colour", "none")
    registry.add("red", 1)
    with pytest.raises(ValueError, match=exactly("colour red is registered twice")):
        registry.add("red", 2)
    with pytest.raises(ValueError, match=exactly("colour red is registered twice")):
        registry.register("red")(dict)


MODULE = """
from dataclasses import dataclass
from colours import COLOURS

@COLOURS.register("{name}")
@dataclass(frozen=True)
class {kind}:
    shade: float = 0.5
"""
PACKAGE = """
from gdlab.registry import Registry

COLOURS = Registry("colour", __name__)
__getattr__ = COLOURS.class_named
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a registry of its own and two modules, until the test is over."""
    folder = tmp_path / "colours"
    folder.mkdir()
    (folder / "__init__.py").write_text(PACKAGE)
    for name, kind in (("red", "Red"), ("blue", "Blue")):
        (folder / f"{name}.py").write_text(MODULE.format(name=name, kind=kind))
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "colours"]:
        del sys.modules[name]


def test_a_file_in_the_package_is_enough_to_add_a_choice(package):
    (package / "green.py").write_text(MODULE.format(name="green", kind="Green"))
    from colours import COLOURS

    assert list(COLOURS) == ["blue", "green", "red"] and len(COLOURS) == 3
    assert COLOURS.name_of(COLOURS["green"]) == COLOURS.name_of(COLOURS["green"](shade=0.1)) == "green"


def test_a_choice_is_an_attribute_of_its_package(package):
    import colours
    from colours import COLOURS, Blue

    assert COLOURS["blue"] is Blue is colours.Blue
    with pytest.raises(AttributeError, match=exactly("module 'colours' has no attribute 'Mauve'")):
        _ = colours.Mauve


def test_what_is_not_registered_is_no_choice(package):
    from colours import COLOURS

    assert "mauve" not in COLOURS and COLOURS.get("mauve") is None
    with pytest.raises(KeyError, match=exactly("'mauve'")):
        COLOURS["mauve"]
