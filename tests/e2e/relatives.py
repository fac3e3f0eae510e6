"""What the members of a family do to each other: invite, change roles, take out."""

from __future__ import annotations

from tests.e2e.running import Person, text_of


async def invitation(owner: Person, role: str) -> str:
    """The code of a new invitation."""
    said = text_of(await owner.ask(f"/invite {role}", "start="))
    return said.split("start=")[1].split()[0]


def olgas(person: Person) -> str:
    """The name of one of the owners that tests make."""
    return f"Olga{person.user_id}"


async def give_role(owner: Person, name: str, role: str) -> None:
    """Give somebody another role under /members."""
    shown = await owner.ask("/members", name)
    choice = await owner.tap(shown, f"{name}: role", role)
    await owner.tap(choice, role, f"{name}: {role}")


async def remove(owner: Person, name: str) -> None:
    """Take somebody out under /members."""
    shown = await owner.ask("/members", name)
    asked = await owner.tap(shown, f"Remove {name}", "Remove")
    await owner.tap(asked, "Remove", "")
