// Moves a row of the column chooser up or down by button; the order of the check boxes is the order sent.
class ColumnOrder extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-move]");
      if (!button) return;
      const item = button.closest("li");
      const other = button.dataset.move === "up" ? item.previousElementSibling : item.nextElementSibling;
      if (!other) return;
      if (button.dataset.move === "up") other.before(item);
      else other.after(item);
      button.focus();
      const place = [...item.parentElement.children].indexOf(item) + 1;
      document.getElementById("status").textContent =
        `${item.dataset.label} is now column ${place} of ${item.parentElement.children.length}.`;
    });
  }
}
customElements.define("column-order", ColumnOrder);
