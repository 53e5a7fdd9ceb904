/* For browsers without modules, in words that they understand. */
document.addEventListener('DOMContentLoaded', function () {
  var words = {
    'notice-title': 'This browser cannot make video calls',
    'notice-text': 'It is too old.',
    'notice-next': 'Open the link in a current Chrome, Edge, Firefox or Safari.',
  };
  var parts = document.querySelectorAll('[data-on]');
  for (var i = 0; i < parts.length; i++) {
    if (/\bold\b/.test(parts[i].getAttribute('data-on') || '')) parts[i].removeAttribute('hidden');
    else parts[i].setAttribute('hidden', '');
  }
  Object.keys(words).forEach(function (id) {
    var element = document.getElementById(id);
    if (element) element.textContent = words[/** @type {keyof typeof words} */ (id)];
  });
  document.body.setAttribute('data-screen', 'old');
});
