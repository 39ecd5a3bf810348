// Ctrl K searches, Ctrl Alt K switches the tenant, ? lists the shortcuts. A single key never does anything while one types.
const typing = (at) => at.closest?.("input, textarea, select, [contenteditable]");
const show = (id) => {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("typed-links")?.open();
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.code === "KeyK" && !event.shiftKey) {
    const switcher = document.getElementById("switcher");
    if (!switcher) return;
    event.preventDefault();
    if (event.altKey) {
      switcher.open = true;
      switcher.querySelector("typed-links").open(); // the toggle event comes later than the next keystroke
    } else show("palette");
  } else if (event.key === "?" && !typing(event.target)) {
    show("shortcuts");
  }
});

document.getElementById("switcher")?.addEventListener("toggle", (event) => {
  if (event.target.open) event.target.querySelector("typed-links").open();
});
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog=palette]");
  if (opener) document.querySelector("#palette typed-links").open();
});
