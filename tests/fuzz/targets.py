"""All ways in, and how many of 10,000 inputs each gets: more where an input costs little or a file is a stranger's."""

from tests.fuzz import bodies, fonts, models, pictures
from tests.fuzz.campaign import Build

SHARES: dict[Build, int] = {
    fonts.fonts: 1000,
    fonts.own_fonts: 500,
    fonts.packed_fonts: 500,
    fonts.old_fonts: 700,
    fonts.font_door: 10,  # every call starts a process
    fonts.pdfs: 1100,
    fonts.pdf_door: 10,
    pictures.pictures: 500,
    pictures.pages: 150,
    pictures.scans: 1500,
    pictures.records: 1000,
    models.releases: 1000,
    models.streams: 700,
    models.databases: 700,
    models.parameters: 130,
    models.lists: 400,
    bodies.bodies: 100,
}
