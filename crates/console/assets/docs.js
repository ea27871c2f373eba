// The search of the reference: what is typed is looked for while it is typed. The server looks in the same way when the form is
// sent (search.rs), which is all there is without this script.

const input = document.getElementById('docs-search');
const list = document.getElementById('docs-found');
const SHOWN = 12;
let records;
let chosen = -1;

async function load() {
  records ??= fetch(input.dataset.index).then((answer) => answer.json());
  return records;
}

// How well a word fits, the least best; -1 if it stands nowhere.
function rank(record, word) {
  const has = (text) => text.toLowerCase().includes(word);
  if (record.name.toLowerCase().startsWith(word)) return 0;
  const places = [has(record.name), has(record.endpoint), record.parameters.some(has), record.codes.some(has), has(record.text)];
  const place = places.indexOf(true);
  return place < 0 ? -1 : place + 1;
}

function find(all, asked) {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const found = [];
  for (const record of all) {
    const ranks = words.map((word) => rank(record, word));
    if (!ranks.includes(-1)) found.push([ranks.reduce((sum, one) => sum + one, 0), record]);
  }
  found.sort(([a, one], [b, other]) => a - b || one.name.length - other.name.length || (one.name < other.name ? -1 : 1));
  return found.slice(0, SHOWN).map(([, record]) => record);
}

function choose(at) {
  const options = [...list.children];
  chosen = options.length ? (at + options.length) % options.length : -1;
  options.forEach((option, nth) => option.setAttribute('aria-selected', String(nth === chosen)));
  if (chosen < 0) {
    input.removeAttribute('aria-activedescendant');
  } else {
    input.setAttribute('aria-activedescendant', options[chosen].id);
    options[chosen].scrollIntoView({ block: 'nearest' });
  }
}

function show(found) {
  list.replaceChildren(...found.map((record, nth) => {
    const option = document.createElement('li');
    option.id = `docs-found-${nth}`;
    option.role = 'option';
    option.dataset.href = record.href;
    const name = document.createElement('strong');
    name.textContent = record.name;
    const about = document.createElement('span');
    about.textContent = record.endpoint || record.text;
    option.append(name, about);
    return option;
  }));
  list.hidden = !found.length;
  input.setAttribute('aria-expanded', String(!list.hidden));
  chosen = -1;
  input.removeAttribute('aria-activedescendant');
}

input.addEventListener('input', async () => {
  const asked = input.value;
  const all = await load();
  if (asked === input.value) show(find(all, asked));
});

input.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    show([]);
  } else if (!list.hidden && event.key === 'ArrowDown') {
    choose(chosen + 1);
  } else if (!list.hidden && event.key === 'ArrowUp') {
    choose(chosen < 0 ? -1 : chosen - 1);
  } else if (event.key === 'Enter' && chosen >= 0) {
    location.assign(list.children[chosen].dataset.href);
  } else {
    return;
  }
  event.preventDefault();
});

list.addEventListener('mousedown', (event) => {
  const option = event.target.closest('[data-href]');
  if (option) location.assign(option.dataset.href);
  event.preventDefault();
});
input.addEventListener('blur', () => show([]));

document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    input.focus();
  }
});
