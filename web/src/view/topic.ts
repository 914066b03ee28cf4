import { text } from '../texts.ts';
import { openDialog } from './dialog.ts';
import { element, withOwnDirection } from './dom.ts';
import { linkedParts } from './text.ts';

/** Shows a whole topic, which the bar may cut off. */
export function showTopic(topic: string): void {
  const said = withOwnDirection(element('p', 'text', ...linkedParts(topic)));
  openDialog({ title: text('topic'), parts: [said] });
}
