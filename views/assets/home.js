// Adds a Copy button to each address, where a page may write the clipboard, and shows moments in the reader's own time.
function addButton(code) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy the ${code.dataset.copy}`);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = 'Copied';
    status.textContent = `Copied: ${code.textContent}`;
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2000);
  });
  code.after(button);
}

function showLocally(time) {
  const moment = new Date(time.dateTime);
  const isToday = moment.toDateString() === new Date().toDateString();
  const day = isToday ? {} : { day: 'numeric', month: 'short', year: 'numeric' };
  time.textContent = moment.toLocaleString('en-GB', { ...day, hour: '2-digit', minute: '2-digit' });
}

document.querySelectorAll('time').forEach(showLocally);

const status = document.createElement('p');
status.className = 'hidden';
status.setAttribute('role', 'status');
if (navigator.clipboard) {
  document.body.append(status);
  document.querySelectorAll('code[data-copy]').forEach(addButton);
}
