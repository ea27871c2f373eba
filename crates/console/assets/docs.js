// The search of the reference, while one types: the server finds and writes down what has it, as it does when the form is sent.

const form = document.querySelector('.docs-search');
const input = form.querySelector('input');
const count = form.querySelector('.docs-count');
const list = form.querySelector('.docs-found');
const PAUSE = 120;
let waiting;
let asking = new AbortController();

function close() {
  clearTimeout(waiting);
  asking.abort();
  list.hidden = true;
  count.replaceChildren();
}

async function find() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const answer = await fetch(`${form.dataset.search}?${new URLSearchParams(new FormData(form))}`, { signal });
    const found = await answer.text();
    if (!answer.ok || signal.aborted) return;
    list.innerHTML = found;
    // How much was found is said by screen readers.
    count.replaceChildren(list.querySelector('[data-count]'));
    list.hidden = !list.querySelector('a');
  } catch {
    // Something newer is asked for, or the server is away; the form can be sent.
  }
}

input.addEventListener('input', () => {
  clearTimeout(waiting);
  if (input.value.trim()) waiting = setTimeout(find, PAUSE);
  else close();
});

// From the field into what was found and back with the arrows, and out with Escape.
form.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === 'Escape') {
    input.focus();
    close();
  } else if (step && !list.hidden) {
    const places = [input, ...list.querySelectorAll('a')];
    places.at((places.indexOf(document.activeElement) + step) % places.length).focus();
  } else {
    return;
  }
  event.preventDefault();
});

form.addEventListener('focusout', (event) => {
  if (!form.contains(event.relatedTarget)) close();
});
// Not every browser gives a link the focus that is clicked.
list.addEventListener('mousedown', (event) => event.preventDefault());
list.addEventListener('click', close);

const isApple = /Mac|iP/.test(navigator.platform);
addEventListener('keydown', (event) => {
  const meant = isApple ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (!meant || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'k') return;
  event.preventDefault();
  input.focus();
  input.select();
});
input.setAttribute('aria-keyshortcuts', 'Control+K Meta+K');
form.querySelector('[data-keys]').hidden = false;
