import pytest

from glyphlens.core.extras import EXTRAS, MissingPackageError, naming_extras
from glyphlens.core.in_memory import InMemory


@pytest.mark.parametrize(("module", "extra"), EXTRAS.items())
def test_a_module_that_is_missing_is_told_with_its_extra(module: str, extra: str) -> None:
    with (
        pytest.raises(MissingPackageError, match=rf"{module} is not installed.*pip install 'glyphlens\[{extra}\]'"),
        naming_extras(),
    ):
        raise ModuleNotFoundError("no such module", name=f"{module}.part")


@pytest.mark.parametrize("name", ["glyphlens.nowhere", "nobody", None])
def test_any_other_missing_module_is_a_fault_of_the_program(name: str | None) -> None:
    with pytest.raises(ModuleNotFoundError), naming_extras():
        raise ModuleNotFoundError("no such module", name=name)


def test_bytes_in_memory_are_opened_as_a_file_and_only_read() -> None:
    held = InMemory("a scan", b"ab")
    with held.open("rb") as file:
        assert file.read() == b"ab"
    assert str(held) == "a scan" and b"ab" not in repr(held).encode()
    with pytest.raises(ValueError, match="mode 'wb'"):
        held.open("wb")
