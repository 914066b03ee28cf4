/**
 * Updates an element's content to that of another one, which is used up. Parts that are alike stay, and
 * a text that only grows is appended to, so that a selection and the scroll position stay.
 */
export function patch(target: Element, made: Element): void {
  const olds = [...target.childNodes];
  const news = [...made.childNodes];
  for (const old of olds.slice(news.length)) old.remove();
  for (const [at, node] of news.entries()) {
    const old = olds[at];
    if (old === undefined) target.append(node);
    else if (old instanceof Text && node instanceof Text) patchText(old, node.data);
    else if (old instanceof Element && node instanceof Element && isAlike(old, node)) {
      patch(old, node);
    } else old.replaceWith(node);
  }
}

function patchText(target: Text, text: string): void {
  if (text.startsWith(target.data)) target.appendData(text.slice(target.data.length));
  else target.data = text;
}

function isAlike(a: Element, b: Element): boolean {
  return (
    a.localName === b.localName &&
    a.className === b.className &&
    a.getAttribute('href') === b.getAttribute('href')
  );
}
