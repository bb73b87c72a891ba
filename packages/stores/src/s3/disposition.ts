/** A `Content-Disposition` for a download (RFC 6266): a plain name for old clients, the exact one in UTF-8 beside it. */
export function contentDisposition(fileName: string): string {
  const plain = fileName.replaceAll(/[^\w .()+,=@-]/g, '_');
  const exact = encodeURIComponent(fileName).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}
