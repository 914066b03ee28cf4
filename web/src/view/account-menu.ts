import { permanentStorage } from '../memory.ts';
import { text } from '../texts.ts';
import { byId } from './dom.ts';
import { type Choice, openMenu } from './popover.ts';

/** Opens the menu of the user's own settings in this browser. @param more further choices */
export function listenToAccountMenu(more: () => readonly Choice[], life: AbortSignal): void {
  const opener = byId('account-menu', HTMLButtonElement);
  showDensity();
  opener.addEventListener(
    'click',
    () => openMenu(opener, text('yourSettings'), [densityChoice(), ...more()]),
    { signal: life },
  );
}

function densityChoice(): Choice {
  const isCompact = permanentStorage.getItem('density') === 'compact';
  return {
    label: text(isCompact ? 'comfortable' : 'compact'),
    icon: 'rooms',
    choose() {
      permanentStorage.set('density', isCompact ? undefined : 'compact');
      showDensity();
    },
  };
}

function showDensity(): void {
  document.body.classList.toggle('is-compact', permanentStorage.getItem('density') === 'compact');
}
