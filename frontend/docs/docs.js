// Starts Swagger UI on the document that the page names. Nothing is asked of anybody else.
const docs = document.querySelector('#docs');
window.SwaggerUIBundle({
  url: docs.dataset.document,
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  // Other pages name a call by its id.
  displayOperationId: true,
  validatorUrl: null,
  // Its colours are for the dark alone.
  syntaxHighlight: false,
});

// Swagger UI gives the focus to the last field of its window. People fill in the first one first.
docs.addEventListener('click', ({ target }) => {
  if (!target.closest('.authorize, .authorization__btn') || target.closest('.dialog-ux')) return;
  setTimeout(() => document.querySelector('.dialog-ux .auth-container input')?.focus());
});
