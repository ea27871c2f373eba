// What pages do while one looks at them. Everything works without, except that it must be asked for.

// Parts that follow the server: each event holds the part's new content, made and escaped by the server. Whoever has left is
// followed no longer, so that the session can end.
const IDLE = 30 * 60 * 1000;
let seen = Date.now();
for (const sign of ['pointerdown', 'keydown', 'scroll']) addEventListener(sign, () => { seen = Date.now(); });

for (const part of document.querySelectorAll('[data-live]')) {
  let events;
  let again;
  const leave = () => { clearTimeout(again); events?.close(); };
  const follow = () => {
    leave();
    events = new EventSource(part.dataset.live);
    events.addEventListener('part', (event) => {
      // What somebody is about to use stays as it is.
      if (!part.contains(document.activeElement)) part.innerHTML = event.data;
    });
    // All of the page says something else then.
    events.addEventListener('end', () => { leave(); location.reload(); });
    // A stream ends now and then, and the browser asks for another one; but not after a refusal, which may be over soon.
    events.addEventListener('error', () => {
      if (Date.now() - seen > IDLE) leave();
      else if (events.readyState === EventSource.CLOSED) again = setTimeout(follow, 5000);
    });
  };
  // A browser has few connections to a server: pages that nobody sees take none.
  const look = () => { if (document.hidden) leave(); else follow(); };
  if ('ended' in part.dataset) continue;
  document.addEventListener('visibilitychange', look);
  look();
}

// What was done is said once.
const here = new URL(location);
if (here.searchParams.has('done')) {
  here.searchParams.delete('done');
  history.replaceState(null, '', here);
}

// Buttons that copy what stands elsewhere on the page.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  const source = button && document.getElementById(button.dataset.copy);
  if (!source) return;
  const text = source.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Over plain HTTP there is no clipboard: mark the text, so that the keys for copying work.
    getSelection().selectAllChildren(source);
    return;
  }
  const before = button.textContent;
  button.textContent = document.body.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 1500);
});

// A form that was sent is not sent again by a second click. One that leaves the page where it is can be sent as often as one
// likes.
document.addEventListener('submit', (event) => {
  if (event.defaultPrevented || event.target.method === 'dialog') return;
  const buttons = event.target.querySelectorAll('button');
  const enable = () => { for (const button of buttons) button.disabled = false; };
  setTimeout(() => { for (const button of buttons) button.disabled = true; });
  setTimeout(enable, 10_000);
  addEventListener('pageshow', enable, { once: true });
});

// Forms that show the command line which does the same.
for (const form of document.querySelectorAll('form[data-curl]')) {
  const shown = document.getElementById('curl');
  let waiting;
  let asking = new AbortController();
  form.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const fields = new URLSearchParams(new FormData(form));
      for (const secret of form.querySelectorAll('input[type=password]')) fields.delete(secret.name);
      asking.abort();
      asking = new AbortController();
      try {
        const answer = await fetch(form.dataset.curl, { method: 'POST', body: fields, signal: asking.signal });
        if (answer.ok) shown.textContent = await answer.text();
      } catch {
        // A newer one was asked for, or the server is away.
      }
    }, 150);
  });
}

// Where another site's link leads, the browser keeps the session's cookie back, and gives it when our own page asks. Over plain
// HTTP the server is not told which it was: then whoever is signed in all the same is seen by another request. Asked again is
// once, should it not help. What stands behind `#` comes after it, because it would keep the browser from asking.
const isSignedIn = async () => (await (await fetch('/sign-in')).text()).includes('<meta name="imprint-csrf"');
const behind = sessionStorage.getItem('asked-again');
sessionStorage.removeItem('asked-again');
if (behind) location.replace(behind);
const { again } = document.body.dataset;
if (behind === null && (again === 'yes' || (again === 'perhaps' && await isSignedIn()))) {
  sessionStorage.setItem('asked-again', here.hash);
  // As a whole: a path alone may begin with two slashes, and would be another host.
  const place = new URL(here);
  place.hash = '';
  location.replace(place);
}
