// Starts Swagger UI on the document that the page names; a file of its own because the page allows no inline script.
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
follow();
dark.addEventListener('change', follow);

const element = document.getElementById('swagger-ui');
window.SwaggerUIBundle({
  url: element.dataset.document,
  domNode: element,
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
  // The list of schemas below the tools: each tool shows its own.
  defaultModelsExpandDepth: -1,
});
