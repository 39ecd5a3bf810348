// <copy-button text="...">, from="id-of-element" or table="id-of-list" (tab-separated) around a button; says what happened.
const cells = (row) => [...row.querySelectorAll("th:not(.tick), td:not(.tick)")].map((cell) => cell.innerText.trim());
const lines = (list) => [...list.querySelectorAll(".list tr")].map((row) => cells(row).join("\t")).join("\n");

class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", async () => {
      const source = this.getAttribute("from");
      const list = this.getAttribute("table");
      const text = list
        ? lines(document.getElementById(list).querySelector(".list-scroll"))
        : source
          ? document.getElementById(source).textContent.trim()
          : this.getAttribute("text");
      const status = document.getElementById("status");
      try {
        await navigator.clipboard.writeText(text);
        status.textContent = "Copied.";
        this.classList.add("done");
        setTimeout(() => this.classList.remove("done"), 2000);
      } catch {
        status.textContent = "Your browser does not allow copying here. Select the text and copy it by hand.";
      }
    });
  }
}
customElements.define("copy-button", CopyButton);
