// The frame: menu on small screens, focus after an error, toasts for news and for requests that got no answer.
const toasts = () => document.getElementById("toasts");

export function toast(text) {
  const box = toasts();
  if (!box) return;
  const item = document.createElement("div");
  item.className = "toast show";
  item.textContent = text;
  box.append(item);
  setTimeout(() => item.remove(), 8000);
}

function focusSummary(within) {
  const summary = within.querySelector?.("[data-focus-first]");
  if (summary) summary.focus();
}

document.addEventListener("click", (event) => {
  const menu = event.target.closest("[data-menu]");
  if (!menu) return;
  const sidebar = document.getElementById("sidebar");
  const open = sidebar.classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
  if (open) sidebar.querySelector("a")?.focus();
});

// A menu drawn with <details> closes on Escape and when the focus or the pointer goes elsewhere.
const close = (keep) =>
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!keep || !menu.contains(keep)) menu.removeAttribute("open");
  });
document.addEventListener("click", (event) => close(event.target));
document.addEventListener("focusin", (event) => close(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  }
  const sidebar = document.getElementById("sidebar");
  if (sidebar?.classList.contains("open")) document.querySelector("[data-menu]").click();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

document.addEventListener("htmx:after:process", (event) => {
  const fresh = event.target;
  if (!(fresh instanceof Element) || fresh === document.body) return;
  focusSummary(fresh);
  const say = fresh.matches("[data-say]") ? fresh : fresh.querySelector("[data-say]");
  if (say) document.getElementById("status").textContent = say.dataset.say;
});
document.addEventListener("htmx:error", () =>
  toast("The server gave no answer. Nothing was changed on this page; look at the list before you try again."),
);
document.addEventListener("DOMContentLoaded", () => focusSummary(document));
