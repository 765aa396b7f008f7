// Starts Swagger UI on the document that the page names; a file of its own because the page allows no inline script.
const element = document.getElementById('swagger-ui');
window.SwaggerUIBundle({
  url: element.dataset.document,
  domNode: element,
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
});
