import type { Room } from '../../../src/client/index.ts';
import type { Problem } from '../../../src/protocol/codes/errors.ts';
import type { Incoming } from '../../../src/protocol/objects.ts';
import { text } from '../texts.ts';
import { field, openDialog } from './dialog.ts';
import { button, element } from './dom.ts';

/** The user's token; undefined for a guest. */
export type TokenOf = () => Promise<string | undefined>;

type Ask = (method: string, path?: string, body?: object) => Promise<unknown>;

/** Lets owners make addresses by which other systems write into the room, and revoke them. */
export async function openIncoming({ roomId }: Room, tokenOf: TokenOf): Promise<void> {
  const ask = asking(roomId, tokenOf);
  const { incoming } = (await ask('GET')) as { incoming: Incoming[] };
  const name = element('input', '');
  name.autocomplete = 'off';
  let url: string | undefined;
  openDialog({
    title: text('incoming'),
    confirm: text('incomingMake'),
    parts: [
      ...incoming.map((one) => rowOf(one, ask)),
      field(text('incomingName'), name, text('incomingHint')),
    ],
    run: async () => {
      ({ url } = (await ask('PUT', '', { name: name.value.trim() })) as { url: string });
    },
    after: () => showAddress(url ?? ''),
  });
}

function rowOf({ id, name }: Incoming, ask: Ask): HTMLElement {
  const revoke = button(
    text('incomingRevoke'),
    () => void ask('DELETE', `/${id}`).then(() => row.remove()),
    'button',
  );
  revoke.ariaLabel = `${text('incomingRevoke')}: ${name}`;
  const row = element('p', 'incoming', element('bdi', 'name', name), ' ', revoke);
  return row;
}

/** Shows a new address; its key is never shown again. */
function showAddress(url: string): void {
  const shown = element('input', '');
  shown.readOnly = true;
  shown.value = url;
  openDialog({
    title: text('incoming'),
    parts: [field(text('incomingUrl'), shown, text('incomingOnce'))],
  });
  shown.select();
}

/** Makes the function that sends requests with the user's token. It throws Error with the problem. */
function asking(roomId: string, tokenOf: TokenOf): Ask {
  return async (method, path = '', body) => {
    const address = `/rooms/${encodeURIComponent(roomId)}/incoming${path}`;
    const headers = {
      authorization: `Bearer ${await tokenOf()}`,
      ...(body && { 'content-type': 'application/json' }),
    };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(address, init).catch(() => undefined);
    const said = (await answer?.json().catch(() => undefined)) as { error?: Problem } | undefined;
    if (answer?.ok === true && said !== undefined) return said;
    throw Object.assign(new Error(text('unreachable')), said?.error && { problem: said.error });
  };
}
