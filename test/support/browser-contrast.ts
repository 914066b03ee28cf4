import type { Page } from 'playwright-core';

/**
 * The texts in sight that stand out less than 4.5:1 (WCAG 2.2, 1.4.3) against what they stand on,
 * each with its ratio. Runs in the page, so it is handed over as text.
 */
export function paleTexts(page: Page): Promise<string[]> {
  return page.evaluate(`(${PALE_TEXTS})()`);
}

const PALE_TEXTS = String.raw`() => {
  const LEAST = 4.5;
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (front, back) => {
    const mix = (channel) => front[channel] * front.a + back[channel] * (1 - front.a);
    return { r: mix('r'), g: mix('g'), b: mix('b'), a: 1 };
  };
  const groundOf = (element) => {
    if (element === null) return { r: 255, g: 255, b: 255, a: 1 };
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own : over(own, groundOf(element.parentElement));
  };
  const linear = (value) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ({ r, g, b }) =>
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ratioOf = (color, element) => {
    const ground = groundOf(element);
    const lights = [luminance(over(parse(color), ground)), luminance(ground)];
    return (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
  };
  const pale = [];
  const judge = (text, color, element) => {
    const ratio = ratioOf(color, element);
    if (ratio < LEAST) pale.push(text.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
  };
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility()) continue;
    const { color } = getComputedStyle(element);
    for (const node of element.childNodes) {
      if (node.nodeType === 3 && node.data.trim() !== '') judge(node.data, color, element);
    }
    if (element.value) judge(element.value, color, element);
    if (element.placeholder) {
      judge(element.placeholder, getComputedStyle(element, '::placeholder').color, element);
    }
  }
  return pale;
}`;
