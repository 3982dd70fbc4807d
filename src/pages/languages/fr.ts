import type { PageTexts } from "./en.js";

/** French. */
export const fr: PageTexts = {
  reference: "Référence",
  denyTitle: "Accès refusé",
  denyMessage: "Ce site n’accepte pas les requêtes provenant de votre adresse réseau pour le moment.",
  denyHelp:
    "Si vous êtes une personne et n’avez rien fait de mal, réessayez plus tard ou écrivez au propriétaire du site en indiquant la référence ci-dessous.",
  unavailableTitle: "Indisponible pour le moment",
  unavailableMessage: "Le site n’a pas pu vérifier votre demande. Veuillez réessayer dans un instant.",
  cookiesTitle: "Cookies nécessaires",
  cookiesMessage:
    "Ce site vérifie une seule fois que la visite est celle d’une personne et s’en souvient grâce à un cookie. Votre navigateur ne nous a pas renvoyé ce cookie.",
  cookiesHelp: "Veuillez autoriser les cookies pour ce site, puis réessayer.",
  tryAgain: "Réessayer",
  challengeTitle: "Un instant",
  challengeMessage:
    "Nous vérifions que la visite est celle d’une personne. Cela n’a lieu qu’une fois et ne prend qu’un instant.",
  working: "Vérification de votre navigateur…",
  done: "C’est fait. Ouverture de la page…",
  slow: "Cela prend plus de temps que d’habitude.",
  failed: "Ce n’est pas la bonne réponse. Voici un nouveau test.",
  expired: "Le temps est écoulé. Voici un nouveau test.",
  unreachable: "La vérification n’a pas pu aboutir. Veuillez réessayer.",
  noscript: "Cette vérification nécessite JavaScript. Veuillez l’activer et recharger la page.",
  openTab: "Ouvrir dans un nouvel onglet",
  framed: "Cette page ne peut pas être vérifiée à l’intérieur d’un autre site.",
  formTooLarge:
    "Votre envoi n’a pas pu être conservé. Après la vérification, veuillez revenir en arrière et l’envoyer de nouveau.",
  captchaLabel: "Saisissez les caractères que vous voyez",
  captchaImage: "Image contenant des caractères",
  captchaNew: "Nouvelle image",
  captchaHard: "Je n’arrive pas à lire",
  audioLabel: "Saisissez les chiffres que vous entendez",
  audioPlay: "Écouter le son",
  audioNew: "Nouvel enregistrement",
  captchaWork: "Laisser mon navigateur faire le travail à la place",
  submit: "Continuer",
  providerFrame: "Vérification par un service externe",
};
