// Words beside an icon, shown by orders.css on hover and focus. Escape closes them, and they stay closed until pointer and focus
// have both left. Source: WCAG 1.4.13.
const away = (tip, to) => !tip.contains(to);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const tip of document.querySelectorAll(".tip:hover, .tip:focus-within")) tip.classList.add("closed");
});
document.addEventListener("pointerout", (event) => {
  const tip = event.target.closest?.(".tip.closed");
  if (tip && away(tip, event.relatedTarget) && away(tip, document.activeElement)) tip.classList.remove("closed");
});
document.addEventListener("focusout", (event) => {
  const tip = event.target.closest?.(".tip.closed");
  if (tip && away(tip, event.relatedTarget) && !tip.matches(":hover")) tip.classList.remove("closed");
});
