import {
  type Answers,
  findMethod,
  InvalidField,
  readName,
  readToken,
  readTypedRoom,
  siteToken,
} from './entry.ts';
import { hashOf, type Place, placeIn } from './address.ts';
import { windowStorage, permanentStorage } from './memory.ts';
import { hideInputMethodKeys } from './view/composing.ts';
import { pageSettings, showBranding } from './page-settings.ts';
import { SignInForm } from './view/sign-in-form.ts';
import { keepPage } from './view/files.ts';
import { applyLanguage } from './view/language.ts';
import { type SavedSession, Session } from './session.ts';
import { text } from './texts.ts';

/** The room of a user's first visit. */
const FIRST_ROOM = 'general';

const signInForm = new SignInForm(join);
let session: Session | undefined;

/** The room, and perhaps message, that the page's address names, which users send to each other. */
function placeInAddress(): Place | undefined {
  return placeIn(location.hash);
}

async function join(answers: Answers): Promise<void> {
  const token = readToken(answers.token);
  // With a token the name may be missing: it counts only if the token has none.
  const name = token !== '' && answers.name.trim() === '' ? '' : readName(answers.name);
  const room = readTypedRoom(answers.room);
  const method = token === '' ? await findMethod(name) : ({ kind: 'token', token } as const);
  permanentStorage.set('name', name);
  enter({ name, method, rooms: [room] }, placeOf(room));
}

/** The place that the address names, if it is in this room; else the room itself. */
function placeOf(roomId: string): Place {
  const place = placeInAddress();
  return place?.roomId === roomId ? place : { roomId };
}

function enter(saved: SavedSession, { roomId: room, seq }: Place): void {
  signInForm.hide();
  const entered = new Session(saved, {
    ended: (problem) => {
      session = undefined;
      history.replaceState(null, '', location.pathname);
      const { method } = saved;
      const token = problem?.isAboutToken === true && method.kind === 'token' ? method.token : '';
      showSignIn(permanentStorage.getItem('room') ?? room, token);
      if (method.kind === 'site') void offerSignIn(false);
      if (problem === undefined) return;
      const { sentence, isAboutToken } = problem;
      const isGuest = method.kind === 'guest';
      if (!isAboutToken || method.kind === 'site') signInForm.showError(new Error(sentence));
      else
        signInForm.showError(new InvalidField('token', isGuest ? text('tokenNeeded') : sentence));
    },
  });
  session = entered;
  entered.join(room);
  // In the next task: the socket is connecting by then, and opens while the page is drawn.
  setTimeout(() => {
    if (session === entered) entered.open(room, seq);
  });
}

/** Shows the sign-in form. @param token one that was refused, to be corrected */
function showSignIn(room = permanentStorage.getItem('room') ?? FIRST_ROOM, token = ''): void {
  signInForm.show({ name: permanentStorage.getItem('name') ?? '', room, token });
}

/**
 * Where users sign in at the site: enters with the token of a user who has done so, and shows others
 * the link to it.
 * @param isTried whether to ask for a token; false after signing out, which it would undo
 */
async function offerSignIn(isTried: boolean, place?: Place): Promise<void> {
  const { signInUrl, tokenUrl, guests = false } = await pageSettings();
  if (session !== undefined || (signInUrl ?? tokenUrl) === undefined) return;
  if (tokenUrl !== undefined) signInForm.offerSignIn(signInUrl, guests);
  if (tokenUrl === undefined || !isTried) return;
  try {
    const roomId = place?.roomId ?? permanentStorage.getItem('room') ?? FIRST_ROOM;
    const hasSignedIn = (await siteToken()) !== undefined;
    const saved = { name: '', method: { kind: 'site' }, rooms: [roomId] } as const;
    if (hasSignedIn && session === undefined) enter(saved, place ?? { roomId });
  } catch (error) {
    signInForm.showError(error);
  }
}

function savedSession(): SavedSession | undefined {
  try {
    return (
      (JSON.parse(windowStorage.getItem('session') ?? 'null') as SavedSession | null) ?? undefined
    );
  } catch {
    return undefined;
  }
}

window.addEventListener('hashchange', () => {
  const place = placeInAddress();
  if (place === undefined) {
    if (location.hash.length > 1) session?.restoreAddress();
  } else if (session === undefined) showSignIn(place.roomId);
  else session.open(place.roomId, place.seq);
});

// The worker reports a notification that was pressed, perhaps while the page loads.
if ('serviceWorker' in navigator) {
  navigator.serviceWorker.addEventListener('message', ({ data }) => {
    location.hash = hashOf(data as Place);
  });
}

hideInputMethodKeys();
keepPage();
await applyLanguage();
void showBranding();

const saved = savedSession();
const last = saved?.rooms.at(-1);
const place = placeInAddress() ?? (last === undefined ? undefined : { roomId: last });
if (saved !== undefined && place !== undefined) enter(saved, place);
else {
  showSignIn(place?.roomId);
  void offerSignIn(true, place);
}
