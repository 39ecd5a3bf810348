"""What is sold besides Microsoft's: backup, security and hosting under neutral names, and a few things sold by use."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Product:
    """`price` is what the MSP pays for a unit and month. A customer has `least` to `most` percent of its seats of it.

    Of a `metered` product a seat uses `least` to `most` hundredths a month, and there is no price but that of use.
    """

    family: str
    mpn: str
    name: str
    price: str
    least: int
    most: int
    metered: bool = False

    @property
    def cost(self) -> Decimal:
        return Decimal(self.price)


OTHERS = (
    Product("backup", "BKP-WS-M", "Backup for Workstations", "3.10", 20, 80),
    Product("backup", "BKP-SRV-M", "Backup for Servers", "21.50", 2, 8),
    Product("backup", "BKP-VM-M", "Backup for Virtual Machines", "14.20", 2, 10),
    Product("backup", "BKP-MBX-M", "Backup for Microsoft 365 Mailboxes", "1.60", 40, 90),
    Product("backup", "BKP-DR-M", "Disaster Recovery Standby Server", "48.00", 1, 4),
    Product("security", "SEC-EPP-M", "Endpoint Protection Standard", "2.20", 40, 90),
    Product("security", "SEC-EDR-M", "Endpoint Detection and Response", "4.80", 20, 70),
    Product("security", "SEC-MAIL-M", "Mail Gateway Filtering", "1.45", 40, 95),
    Product("security", "SEC-DNS-M", "DNS Filtering", "1.10", 30, 90),
    Product("security", "SEC-PWD-M", "Password Vault for Business", "2.90", 20, 70),
    Product("security", "SEC-AWARE-M", "Security Awareness Training", "1.25", 30, 90),
    Product("security", "SEC-SOC-M", "Managed Detection, per Device", "8.40", 10, 50),
    Product("hosting", "HST-WEB-M", "Web Hosting for Business", "6.50", 1, 5),
    Product("hosting", "HST-VPS-S-M", "Virtual Server Small", "12.00", 1, 5),
    Product("hosting", "HST-VPS-M-M", "Virtual Server Medium", "27.00", 1, 5),
    Product("hosting", "HST-VPS-L-M", "Virtual Server Large", "54.00", 1, 3),
    Product("hosting", "HST-FW-M", "Managed Firewall", "38.00", 1, 3),
    Product("hosting", "HST-DNS-M", "Domain with Managed DNS", "1.50", 1, 6),
    Product("hosting", "HST-TLS-M", "Server Certificate", "4.00", 1, 5),
    Product("metered", "USE-OBJ-GB", "Object Storage, GB used", "0.06", 1500, 4500, metered=True),
    Product("metered", "USE-BKP-GB", "Cloud Backup Storage, GB used", "0.09", 2000, 6000, metered=True),
    Product("metered", "USE-CPU-H", "Cloud Server, hours used", "0.12", 600, 2400, metered=True),
)

# Per family: the name of its subscriptions, and the chance that a customer has one: below 30 seats, below 100, and from there.
FAMILIES: dict[str, tuple[str, float, float, float]] = {
    "business": ("Microsoft 365 for Business", 1.0, 1.0, 0.5),
    "enterprise": ("Microsoft 365 for Enterprise", 0.0, 0.2, 0.95),
    "mail": ("Mail and Files", 0.35, 0.47, 0.55),
    "identity": ("Identity", 0.23, 0.39, 0.58),
    "defend": ("Microsoft Defender", 0.35, 0.51, 0.62),
    "devices": ("Devices and Windows", 0.16, 0.31, 0.51),
    "phone": ("Teams Phone", 0.31, 0.43, 0.55),
    "projects": ("Projects and Diagrams", 0.2, 0.35, 0.55),
    "power": ("Power Platform", 0.16, 0.35, 0.55),
    "dynamics": ("Dynamics 365", 0.06, 0.2, 0.35),
    "copilot": ("Copilot and Viva", 0.16, 0.27, 0.43),
    "cloudpc": ("Cloud PCs", 0.12, 0.23, 0.31),
    "backup": ("Backup", 0.62, 0.7, 0.74),
    "security": ("Security Services", 0.58, 0.66, 0.74),
    "hosting": ("Hosting", 0.47, 0.51, 0.55),
    "metered": ("Cloud by Use", 0.16, 0.2, 0.27),
}
