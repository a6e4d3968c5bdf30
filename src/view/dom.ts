import { type Mark, SVG_NAMESPACE, SVG_TAGS } from './mark.ts';

/**
 * Makes the children of `parent` equal to `marks`, reusing nodes of the same tag at the same place, so that focus, scroll positions and CSS
 * transitions outlive a redraw. Attributes that a mark does not name are removed. Uses no markup parser.
 */
export function patch(parent: Element | ShadowRoot, marks: readonly (Mark | string)[]): void {
  marks.forEach((next, i) => {
    const old = parent.childNodes[i];
    if (typeof next === 'string') {
      if (old?.nodeType === Node.TEXT_NODE) {
        if (old.nodeValue !== next) old.nodeValue = next;
      } else place(parent, document.createTextNode(next), old);
      return;
    }
    const element = old instanceof Element && old.localName === next.tag ? old : place(parent, create(next.tag), old);
    patchAttributes(element, next);
    patch(element, next.children);
  });
  while (parent.childNodes.length > marks.length) parent.lastChild?.remove();
}

function create(tag: string): Element {
  return SVG_TAGS.has(tag) ? document.createElementNS(SVG_NAMESPACE, tag) : document.createElement(tag);
}

function place<T extends Node>(parent: Node, node: T, old: ChildNode | undefined): T {
  if (old) parent.replaceChild(node, old);
  else parent.appendChild(node);
  return node;
}

function patchAttributes(element: Element, { attributes, variables = {} }: Mark): void {
  for (const name of element.getAttributeNames()) if (!(name in attributes) && name !== 'style') element.removeAttribute(name);
  for (const [name, value] of Object.entries(attributes)) if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  const { style } = element as HTMLElement | SVGElement;
  for (const name of Array.from(style)) if (!(name in variables)) style.removeProperty(name);
  for (const [name, value] of Object.entries(variables)) if (style.getPropertyValue(name) !== value) style.setProperty(name, value);
}
