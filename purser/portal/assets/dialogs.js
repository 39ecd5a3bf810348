// <button data-dialog="id"> opens the native dialog of that id; [data-close] closes it. Focus returns by itself.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault(); // a submit button that asks first: Enter in a field clicks it as well
    const dialog = document.getElementById(opener.dataset.dialog);
    // A row's button says what is affected: data-fill-name="Acme" goes to [data-from="name"] of the dialog.
    for (const slot of dialog.querySelectorAll("[data-from]")) {
      const value = opener.dataset["fill" + slot.dataset.from[0].toUpperCase() + slot.dataset.from.slice(1)];
      if (value === undefined) continue;
      if (slot.matches("input")) slot.value = value;
      else if (slot.matches("form")) slot.action = value;
      else slot.textContent = value;
    }
    dialog.showModal();
  }
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog").close();
});
