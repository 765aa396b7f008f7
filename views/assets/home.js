// Adds a Copy button to each address; without JavaScript, or where a page may not write the clipboard, there is none.
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

const status = document.createElement('p');
status.className = 'hidden';
status.setAttribute('role', 'status');
if (navigator.clipboard) {
  document.body.append(status);
  document.querySelectorAll('code[data-copy]').forEach(addButton);
}
