/* global SwaggerUIBundle */
SwaggerUIBundle({
  // Not relative: an address with a token in it would be refused.
  url: `${location.origin}/openapi.json`,
  dom_id: '#api',
  deepLinking: true,
  // Not asked of anybody else's service.
  validatorUrl: null,
});
