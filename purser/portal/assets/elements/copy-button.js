// <copy-button text="..."> or <copy-button from="id-of-element"> around a button; says what happened.
class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", async () => {
      const source = this.getAttribute("from");
      const text = source ? document.getElementById(source).textContent.trim() : this.getAttribute("text");
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
