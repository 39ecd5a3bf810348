// Check boxes in a list with a visible count, the whole page, and "all that match".
class BulkSelect extends HTMLElement {
  connectedCallback() {
    this.all = false;
    this.addEventListener("change", (event) => {
      if (event.target.matches("[data-bulk-page]"))
        this.boxes().forEach((box) => (box.checked = event.target.checked));
      if (event.target.matches("[data-bulk-page], [data-bulk-row]")) {
        this.all = false;
        this.show();
      }
    });
    this.addEventListener("click", (event) => {
      if (event.target.closest("[data-bulk-all]")) {
        this.all = true;
        this.show();
      }
      if (event.target.closest("[data-bulk-none]")) {
        this.all = false;
        this.boxes().forEach((box) => (box.checked = false));
        this.show();
      }
    });
    this.show();
  }
  boxes() {
    return [...this.querySelectorAll("[data-bulk-row]")];
  }
  show() {
    const boxes = this.boxes();
    const chosen = boxes.filter((box) => box.checked).length;
    const bar = this.querySelector("[data-bulk-bar]");
    if (!bar) return;
    bar.hidden = chosen === 0 && !this.all;
    const total = this.dataset.total;
    this.querySelector("[data-bulk-count]").textContent = this.all ? `All ${total} selected` : `${chosen} selected`;
    const every = this.querySelector("[data-bulk-all]");
    every.hidden = this.all || chosen < boxes.length || !this.hasAttribute("data-more");
    this.querySelector("[data-bulk-flag]").value = this.all ? "1" : "";
    const page = this.querySelector("[data-bulk-page]");
    page.checked = chosen > 0 && chosen === boxes.length;
    page.indeterminate = chosen > 0 && chosen < boxes.length;
  }
}
customElements.define("bulk-select", BulkSelect);
