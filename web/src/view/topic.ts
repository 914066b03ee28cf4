import { text } from '../texts.ts';
import { openDialog } from './dialog.ts';
import { element, withOwnDirection } from './dom.ts';
import { linkedParts } from './text.ts';

/** Shows all of a topic, where the bar has no room. */
export function showTopic(topic: string): void {
  const said = withOwnDirection(element('p', 'text', ...linkedParts(topic)));
  openDialog({ title: text('topic'), parts: [said] });
}
