import type { Outgoing } from '../../../src/client/index.ts';
import { listed } from '../names.ts';
import { openDialog } from './dialog.ts';
import { element } from './dom.ts';

interface Leaving {
  title: string;
  confirm: string;
  /** Rooms with a draft, which is removed. */
  drafts: readonly string[];
  unsent: readonly Outgoing[];
  /** What becomes of what is unsent. */
  unsentStays: string;
  leave: () => void;
}

/** Asks before somebody leaves or signs out who has written something that is not sent. */
export function askBeforeLeaving(leaving: Leaving): void {
  const { title, confirm, drafts, unsent, unsentStays, leave } = leaving;
  const sentences: string[] = [];
  if (drafts.length > 0) {
    sentences.push(`What you have begun to write in ${listed(drafts)} will be removed.`);
  }
  if (unsent.length > 0) {
    const count = unsent.length === 1 ? 'One message is' : `${unsent.length} messages are`;
    sentences.push(`${count} not sent yet. ${unsentStays}`);
  }
  if (sentences.length === 0) leave();
  else {
    const parts = sentences.map((sentence) => element('p', '', sentence));
    openDialog({ title, confirm, isDanger: true, parts, run: () => undefined, after: leave });
  }
}
