/** What only attached files and large pictures look like; what keeps space is in the page's own sheet. */
const STYLE = `
.tray {
  display: flex;
  flex-wrap: wrap;
  grid-column: 1 / -1;
  gap: var(--space-1);
  margin: 0;
  padding: 0;
  list-style: none;
}

.upload {
  display: flex;
  align-items: center;
  gap: var(--space-2);
  max-width: 100%;
  padding-inline-start: var(--space-3);
  border-radius: var(--radius-s);
  background: var(--sunken);
  font-size: var(--text-s);
}

.upload-name {
  overflow: hidden;
  max-width: 16rem;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.lightbox {
  width: 100vw;
  max-width: none;
  height: 100vh;
  max-height: none;
  padding: 0;
  border: 0;
  background: var(--paper);
  color: var(--ink);
}

.lightbox-stage {
  display: grid;
  grid-template-rows: minmax(0, 1fr) auto;
  height: 100%;
  place-items: center;
}

.lightbox-stage img {
  max-width: 100%;
  max-height: 100%;
}

.lightbox-bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: var(--space-2);
  padding: var(--space-2);
}
`;

/** Adds the style to the page, once. */
export function addStyle(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets.push(sheet);
}
