// Starts Swagger UI on the document of this server's own API. Nothing is asked of anybody else.
window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  validatorUrl: null,
  // Its colours are for the dark alone.
  syntaxHighlight: false,
});
