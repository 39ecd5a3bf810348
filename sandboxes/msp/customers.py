"""Whom Harbour IT Services serves: invented companies, and what somebody typed for them into the PSA.

`psa` differs from `name` the way it does in life: no legal suffix, another case, "and" for "&", letters without their
accents, an abbreviation, an old name. `role` marks the few that the story needs by name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Company:
    """A customer of the marketplace; `seats` is how many people work there, `psa` is empty where the PSA has none."""

    name: str
    psa: str
    seats: int
    country: str
    city: str
    role: str = ""


AUTOTASK = (
    Company("Alder Dental Group", "Alder Dental Group, LLC", 34, "US", "Portland"),
    Company("Hall Bros. Transportation Co, Inc.", "Hall Brothers Transportation", 118, "US", "Toledo", "predecessor"),
    Company("Böhm & Lindqvist Arkitekter AB", "Bohm and Lindqvist Arkitekter", 46, "SE", "Malmö"),
    Company("Sørensen Marine ApS", "SORENSEN MARINE", 27, "DK", "Esbjerg"),
    Company("Pâtisserie Vauclair SARL", "Patisserie Vauclair", 19, "FR", "Lyon"),
    Company("Kessler Feinmechanik GmbH & Co. KG", "Kessler Feinmechanik GmbH", 164, "DE", "Jena", "old"),
    Company("O'Dwyer & Sons Builders Ltd", "O'Dwyer and Sons Builders", 52, "IE", "Cork", "ends_in_story"),
    Company("Järvinen Logistiikka Oy", "Jarvinen Logistiikka Oy", 88, "FI", "Tampere"),
    Company("Fjellheim Eiendom AS", "Fjellheim Eiendom", 15, "NO", "Bergen"),
    Company("Castañeda Viticultores, S.L.", "Castaneda Viticultores SL", 23, "ES", "Logroño"),
    Company("Bright Harbor Pediatrics, P.C.", "Brt Harbor Pediatrics", 41, "US", "Mobile"),
    Company("Whitcombe, Rao & Partners LLP", "Whitcombe Rao and Partners", 73, "GB", "Bristol", "ends_soon"),
    Company("Northgate Veterinary Hospital, Inc.", "Northgate Vet Hospital", 29, "CA", "Guelph"),
    Company("Szczepański Transport Sp. z o.o.", "Szczepanski Transport Sp. z o.o.", 96, "PL", "Łódź"),
    Company("Müritz Werft AG", "Mueritz Werft AG", 210, "DE", "Waren", "predecessor"),
    Company("Lagoa Hotéis, Lda.", "Lagoa Hoteis Lda", 63, "PT", "Faro"),
    Company("Three Rivers Credit Union", "3 Rivers Credit Union", 142, "US", "Spokane", "advance"),
    Company("Van Ooijen Bloemen B.V.", "v. Ooijen Bloemen", 38, "NL", "Aalsmeer"),
    Company("De Smedt & Zonen NV", "De Smedt en Zonen", 57, "BE", "Gent"),
    Company("Oficina Mecânica Teixeira, Lda.", "Oficina Mecanica Teixeira", 9, "PT", "Braga"),
    Company("Cascade Ridge Brewing Company", "Cascade Ridge Brewing Co.", 31, "US", "Bend"),
    Company("Granite Peak Surveying, LLC", "Granite Pk Surveying", 12, "US", "Helena"),
    Company("Torrefazione Bellandi S.r.l.", "Torrefazione Bellandi", 17, "IT", "Trieste"),
    Company("Stamperia Valdombra S.p.A.", "Stamperia Valdombra", 71, "IT", "Bergamo", "predecessor"),
    Company("Huber Sägewerk GesmbH", "Huber Saegewerk", 35, "AT", "Leoben"),
    Company("Clinique Beauséjour SA", "CLINIQUE BEAUSEJOUR", 185, "CH", "Lausanne", "yearly"),
    Company("Prairie Wind Farms Cooperative", "Prairie Wind Farms Co-op", 24, "CA", "Regina"),
    Company("Dvořák Sklárny s.r.o.", "Dvorak Sklarny", 82, "CZ", "Liberec"),
    Company("Lakeside Montessori School", "Lakeside Montessori", 37, "US", "Madison"),
    Company("St. Brannock's Academy Trust", "Saint Brannocks Academy Trust", 260, "GB", "Barnstaple", "quarterly"),
    Company("Harrow Lane Housing Association", "Harrow Ln Housing Assoc.", 135, "GB", "Leeds", "renewed"),
    Company("Blue Mesa Roofing & Solar", "Blue Mesa Roofing and Solar Inc", 28, "US", "Santa Fe"),
    Company("Mason Creek Township", "Township of Mason Creek", 77, "US", "Mason Creek"),
    Company("Atlântica Seguros, S.A.", "Atlantica Seguros", 121, "PT", "Porto"),
    Company("Hallgrímsson Fiskvinnsla ehf.", "Hallgrimsson Fiskvinnsla", 44, "IS", "Akureyri"),
    Company("Kővári Élelmiszer Kft.", "Kovari Elelmiszer", 66, "HU", "Szeged", "predecessor"),
    Company("Ridgeback Security Services, Inc.", "Ridgeback Security Svcs", 58, "US", "Tulsa"),
    Company("Delacroix & Petit Avocats", "Delacroix et Petit", 22, "FR", "Nantes"),
    Company("Quintero Family Dentistry", "Quintero Dentistry", 8, "US", "Laredo"),
    Company("Summit Trail Outfitters", "Summit Trail Outfitters, Inc.", 26, "US", "Boulder", "materials"),
    Company("Tidewater Orthopedics, P.A.", "Tidewater Ortho", 92, "US", "Norfolk"),
    Company("Wren & Larkin Publishing Ltd", "Wren and Larkin Publishing", 33, "GB", "Oxford", "expired"),
    Company("Evergreen Title & Escrow Co.", "Evergreen Title and Escrow Company", 47, "US", "Tacoma"),
    Company("Ironbridge Castings Ltd", "IRONBRIDGE CASTINGS LIMITED", 108, "GB", "Telford"),
    Company("Koivula Metsäkone Oy", "Koivula Metsakone", 24, "FI", "Kuopio"),
    Company("Ægir Offshore A/S", "Aegir Offshore", 156, "DK", "Frederikshavn"),
    Company("Meridian Food Bank", "Meridian Foodbank", 21, "US", "Meridian"),
    Company("Grünwald Apotheken OHG", "Gruenwald Apotheken", 36, "DE", "Kassel"),
    Company("Cerámica Albarracín, S.A.", "Ceramica Albarracin", 83, "ES", "Teruel", "expired"),
    Company("Redfern & Cho Engineering", "Redfern and Cho Engineering, PLLC", 68, "US", "Raleigh"),
    Company("Copperline Electric Cooperative", "Copperline Electric Coop", 225, "US", "Butte"),
    Company("Vestby Tannklinikk AS", "Vestby Tannklinikk", 11, "NO", "Vestby"),
    Company("Silver Birch Senior Living, LLC", "Silver Birch Sr. Living", 178, "US", "Duluth"),
    Company("Anker & Sloot Advocaten", "Anker en Sloot Advocaten", 28, "NL", "Haarlem"),
    Company("Maison Thévenet Champagne", "Maison Thevenet", 49, "FR", "Épernay"),
    Company("Bayou Marine Supply Co.", "Bayou Marine Supply Company", 39, "US", "Houma"),
    Company("Kowalczyk Stal S.A.", "Kowalczyk Stal", 131, "PL", "Katowice"),
    Company("Pinewood Analytics, Inc.", "Pinewood Data Services (renamed)", 61, "US", "Boise"),
    Company("Saltmarsh Robotics, Inc.", "Saltmarsh Robotics", 18, "US", "Providence", "new"),
    Company("Brasserie Lindenhof AG", "Brasserie Lindenhof", 16, "CH", "Basel", "new"),
    Company("Fernhill Estate Agents Ltd", "Fernhill Estate Agents", 30, "GB", "Exeter", "new"),
)

CONNECTWISE = (
    Company("Corbin Valley Orchards", "Corbin Valley Orchards, Inc.", 42, "US", "Yakima", "unprorated"),
    Company("Ashgrove Physiotherapy Ltd", "Ashgrove Physiotherapy", 18, "IE", "Galway"),
    Company("Holm & Øster Regnskab ApS", "Holm og Oster Regnskab", 26, "DK", "Odense"),
    Company("Lindenau Maschinenbau GmbH", "LINDENAU MASCHINENBAU", 95, "DE", "Leipzig", "euro"),
    Company("Red Mill Insurance Brokers", "Red Mill Insurance", 37, "US", "Dayton"),
    Company("Bellweather Textiles Ltd", "Bellweather Textiles", 64, "GB", "Bradford"),
    Company("Café Central Distribution, S.A.", "Cafe Central Distribution", 51, "ES", "Zaragoza"),
    Company("Pacific Kelp Foods, LLC", "Pacific Kelp Foods", 29, "US", "Eureka"),
    Company("Thornbury & Hale Surveyors", "Thornbury and Hale", 33, "GB", "Norwich"),
    Company("Laurentian Hearing Clinics", "Laurentian Hearing", 46, "CA", "Trois-Rivières"),
)

MARKETPLACE_ONLY = (
    Company("Zephyr Kite Schools", "", 7, "US", "Nags Head"),
    Company("Montagne Noire Fromages", "", 13, "FR", "Mazamet"),
    Company("Osprey Ridge Winery, LLC", "", 20, "US", "Walla Walla"),
    Company("Ullevik Snekkeri AS", "", 10, "NO", "Ullensvang"),
    Company("Dunmore Amateur Rowing Club", "", 5, "IE", "Dunmore East"),
    Company("Čermák Optika s.r.o.", "", 25, "CZ", "Olomouc"),
)

# In the PSA for other work: nothing at the marketplace is theirs.
PSA_ONLY = (
    "Harbour Street Deli",
    "First Methodist Church of Alden",
    "Riverbend Storage",
    "Tri-County Fire District",
    "Orchard Park Condominiums",
    "Lumen & Loft Interiors",
    "Kilbride Haulage",
    "Sunrise Bakery",
    "Wexler Print Shop",
    "Vantage Point Realty",
    "Old Mill Theatre",
    "Pemberton Archive Trust",
)
