const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

type XmlValue = string | number | boolean | XmlNode | readonly XmlNode[];
export interface XmlNode {
  [name: string]: XmlValue;
}

const namespace = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** An array becomes one element of its name for each entry. */
export function document(root: string, content: XmlNode): string {
  const attributes = root === 'Error' ? '' : namespace;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attributes}>${inner(content)}</${root}>`;
}

function inner(node: XmlNode): string {
  return Object.entries(node)
    .map(([name, value]) => {
      if (Array.isArray(value)) return value.map((entry: XmlNode) => `<${name}>${inner(entry)}</${name}>`).join('');
      const text = typeof value === 'object' ? inner(value as XmlNode) : escape(String(value));
      return `<${name}>${text}</${name}>`;
    })
    .join('');
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** The texts of the elements `name`, each with its own content as it stands. */
export function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, 'gs'))].map(
    ([, content]) => content ?? '',
  );
}

export function unescape(text: string): string {
  return text
    .replaceAll(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replaceAll(/&#(\d+);/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
