// Beside a chart: its table, shown or put away.
class ShowData extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    const data = document.getElementById(button.getAttribute("aria-controls"));
    button.addEventListener("click", () => {
      data.hidden = !data.hidden;
      button.setAttribute("aria-expanded", String(!data.hidden));
      button.querySelector("[data-word]").textContent = data.hidden ? "Show as table" : "Hide table";
    });
  }
}
customElements.define("show-data", ShowData);
