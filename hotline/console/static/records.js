// Announces that a file is being read: a large one takes a while, and the button shows no progress.
for (const form of document.querySelectorAll("form.upload")) {
  form.addEventListener("submit", () => {
    form.setAttribute("aria-busy", "true");
    form.querySelector(".upload-busy").textContent = form.dataset.busy;
  });
}
