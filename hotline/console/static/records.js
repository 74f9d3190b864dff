// Says that a file is being read: a large one takes a while, and the button would look as if nothing happened.
for (const form of document.querySelectorAll("form.upload")) {
  form.addEventListener("submit", () => {
    form.setAttribute("aria-busy", "true");
    form.querySelector(".upload-busy").textContent = form.dataset.busy;
  });
}
