import type { PageTexts } from "./en.js";

/** Spanish. */
export const es: PageTexts = {
  reference: "Referencia",
  denyTitle: "Acceso denegado",
  denyMessage: "En este momento, este sitio no acepta solicitudes desde su dirección de red.",
  denyHelp:
    "Si es una persona y no ha hecho nada indebido, inténtelo más tarde o escriba al propietario del sitio indicando la referencia que aparece abajo.",
  unavailableTitle: "No disponible en este momento",
  unavailableMessage: "El sitio no ha podido comprobar su solicitud. Inténtelo de nuevo en unos instantes.",
  cookiesTitle: "Se necesitan cookies",
  cookiesMessage:
    "Este sitio comprueba una sola vez que la visita es de una persona y lo recuerda en una cookie. Su navegador no nos ha devuelto la cookie.",
  cookiesHelp: "Permita las cookies de este sitio e inténtelo de nuevo.",
  tryAgain: "Intentar de nuevo",
  challengeTitle: "Un momento",
  challengeMessage:
    "Estamos comprobando que la visita es de una persona. Se hace una sola vez y tarda un momento.",
  working: "Comprobando su navegador…",
  done: "Listo. Abriendo la página…",
  slow: "Está tardando más de lo habitual.",
  failed: "No es correcto. Aquí tiene una prueba nueva.",
  expired: "Se acabó el tiempo. Aquí tiene una prueba nueva.",
  unreachable: "No se pudo completar la comprobación. Inténtelo de nuevo.",
  noscript: "Esta comprobación necesita JavaScript. Actívelo y vuelva a cargar la página.",
  openTab: "Abrir en una pestaña nueva",
  framed: "Esta página no se puede comprobar dentro de otro sitio.",
  formTooLarge:
    "No se pudo conservar lo que envió. Después de la comprobación, vuelva atrás y envíelo de nuevo.",
  captchaLabel: "Escriba los caracteres que ve",
  captchaImage: "Imagen con caracteres",
  captchaNew: "Otra imagen",
  captchaHard: "No puedo leerlo",
  audioLabel: "Escriba las cifras que oye",
  audioPlay: "Reproducir el sonido",
  audioNew: "Otra grabación",
  captchaWork: "Dejar que mi navegador haga el trabajo",
  submit: "Continuar",
  providerFrame: "Comprobación de un servicio externo",
};
