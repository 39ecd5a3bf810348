// Offers only the operators that fit the chosen column, and the right kind of input.
class FilterBuilder extends HTMLElement {
  connectedCallback() {
    this.column = this.querySelector("[data-filter-column]");
    this.operator = this.querySelector("[data-filter-operator]");
    this.value = this.querySelector("[data-filter-value]");
    if (!this.column) return;
    this.column.addEventListener("change", () => this.fit());
    this.operator.addEventListener("change", () => this.fit());
    this.fit();
  }
  fit() {
    const chosen = this.column.selectedOptions[0];
    const kind = chosen.dataset.kind;
    for (const option of this.operator.options) {
      const fits = option.dataset.kinds.split(" ").includes(kind);
      option.hidden = option.disabled = !fits;
    }
    if (this.operator.selectedOptions[0].disabled)
      this.operator.value = [...this.operator.options].find((option) => !option.disabled).value;
    const yesNo = this.operator.value === "empty";
    const dated = (kind === "date" || kind === "datetime") && this.operator.value !== "last";
    this.value.type = yesNo ? "text" : dated ? "date" : "text";
    this.value.inputMode = kind === "number" || kind === "money" ? "decimal" : "text";
    this.value.placeholder = yesNo ? "yes or no" : this.operator.value === "in" ? "one, two, three" : "";
    const list = chosen.dataset.choices;
    if (list) this.value.setAttribute("list", list);
    else this.value.removeAttribute("list");
  }
}
customElements.define("filter-builder", FilterBuilder);
