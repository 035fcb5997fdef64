"""Words that redaction must know: common given names of Belgium, and words of the trade that are never a person.

Data, not logic. The names are the everyday ones in the three languages; they only help where a name stands without
a capital or without any cue. The words are what reports are about: systems, documents, places, days.
"""

from typing import Final

GIVEN_NAMES: Final = frozenset(
    """
    aaron abdel adam adrien agnes agnès ahmed aicha alain albert alex alexander alexandra alexandre alexia ali
    alice aline amber amélie amelie amina amine an ana andré andrea andreas andy angela anja ann anna anne
    annelies annemie annick anneleen anouk ans anton antoine antonio arlette arnaud arne arno arthur astrid
    august aurélie aurelie axel ayoub bart bastien beatrice béatrice ben benjamin benoit benoît bernadette
    bernard bert birgit bjorn björn bob bram brecht brigitte bruno camille carine carl carla carlos carmen
    caroline catherine cathy cécile cecile cedric cédric celine céline chantal charles charlotte chiara chloé
    chloe chris christel christelle christian christiane christina christine christoph christophe christopher
    cindy claire claude claudia claudine clément clement colette conny corinne cynthia daan daniel daniela
    danielle danny david delphine denis denise didier diane dieter dimitri dirk dominique dorien dries ebru
    eddy edith eduard edwin eline elke ella ellen elisa elisabeth élisabeth elise élise els elodie élodie emil
    emile émile emilie émilie emily emma emmanuel eric éric erik ernst erwin esther etienne étienne eva
    eveline evelyne evy fabienne fabrice farid fatiha fatima fatma felix femke ferre filip finn florence
    florian françois francois françoise francoise frank frans franz freddy frederic frédéric frederik frieda
    fritz gabriel gabrielle geert geneviève genevieve georges gerard gérard gerd gerda germaine gert ghislaine
    gilbert gilles gisèle gisele godelieve greet greta griet guido guillaume günther gunther gustaaf guy hamza
    hanne hannah hanna hannelore hans hassan heidi heinz helena helene hélène hendrik henri henry herman hilde
    hubert hugo ibrahim igor ilse imane inge ingrid ines inès irene irène irma isabel isabelle ivan ivo
    jacqueline jacques jan jana jasper jean jeanne jeannine jef jelle jens jeroen jerome jérôme jessica jill
    jo joachim joanna jochen joelle joëlle joeri johan johanna johannes john jonas jonathan joost joris jos
    josé josef joseph josephine joséphine josette josiane joyce juan judith jules julia julie julien juliette
    jurgen jürgen justine kaat karel karen karim karin karine karl karolien kasper katarina kate katharina
    kathleen kathy katia katja katleen katrien katrin kenneth kevin khadija khalid kim klaas klaus koen kobe
    koenraad kris kristel kristien kristina kristof kurt lander lara lars laszlo laura laure laurence laurent
    lea léa leen leila lena lennert leo léo leon léon leonie léonie lien lies liesbet liesbeth lieselot lieve
    lieven lili liliane lina linda linde lisa lise lisette lode lore louis louise loic loïc luc luca lucas
    lucie lucienne ludo ludovic lukas luk lut lutgarde lydia lydie maarten madeleine magali magda maite malika
    manon manuel manuela marc marcel marcelle margaux margot margriet maria marianne marie marieke marijke
    marijn marina marine mario marion mark marleen marlies marta martha martin martina martine mary maryse
    mathias mathieu mathilde mats matteo matthias matthieu maud maurice max maxim maxime mehdi mehmet melanie
    mélanie melissa mia michael michaël michel michèle michele michelle mieke miet mike mila milan mireille
    miriam mohamed mohammed monica monika monique mounir murielle muriel mustafa myriam nadia nadine naomi
    natacha natalie natasha nathalie nathan nele nelly nick nico nicolas nicole niels nina noa noah noémie
    noemie nora norbert nour odette olga olivia olivier omar oscar otto paola pascal pascale patricia patrick
    patrik paul paula pauline pedro peggy peter petra philip philippe pierre piet pieter pol quentin quinten
    rachel rachid rafael raf ralf ralph ramon raphaël raphael raymond rebecca régine regine reinhard reinhilde
    remi rémi renaat renate rené renée renee renilde ria ricardo richard rik rita rob robbe robert robin
    roeland roel roger roland rolf romain roman ronald ronny rosa rose rosette roxane rudi rudy ruben ruth
    sabine sabrina said saïd salma sam samantha samir samuel sander sandra sandrine sandy sara sarah sascha
    sébastien sebastian sebastien serge seppe sien siegfried sigrid silke silvia simon simone simonne sofia
    sofie soraya sonia sonja sophia sophie stan stef stefaan stefan stefanie steffen stephan stephane stéphane
    stephanie stéphanie stephen steve steven stijn suzanne susanne sven sylvia sylvain sylvie tamara tania
    tanja tatiana thierry thomas theo théo theresia thérèse therese thibault thibaut thijs tim timo tine tinne
    tobias tom toon torsten tuur ulrich ulrike urbain ursula ute valentin valentine valérie valerie vanessa
    vera veerle veronique véronique veronika vic vicky victor victoria viktor vincent violette virginie
    viviane walter ward warre wendy werner wesley wilfried wilhelm willem william willy wim wolfgang wout
    wouter xander xavier yannick yasmina yasmine yassine yolande youssef yves yvette yvonne zoé zoe zineb
    """.split()  # noqa: SIM905  a wall of words reads better than a wall of quotes
)

ALSO_ORDINARY: Final = frozenset(
    """
    an ans ben jo lies lut max mark mats rob rose sam sien ward will bob claire marine linde lore amber rita
    """.split()  # noqa: SIM905  a wall of words reads better than a wall of quotes
)
"""Given names that are also everyday words: they need a capital and a cue or the place of a signature."""

HARMLESS: Final = frozenset(
    """
    abrumet access accès accord acces adres advance afleveren agreement akkoord akte alert alle alternative
    amazon android api apotheek apothekerin application applicatie appli attest attestation aucun aucune
    avance averbode bcp belgique belgië belgien belnet besoin bonjour browser brucht bru brusafe bruxelles
    brussel brusafe+ bug business careconnect carenet chap chapitre chapter chipsoft chrome cin citrix client
    cloud clé code connect consent consentement consult continuity cozo cvbest dashboard datum de depot der
    die dimona doctr dossier délivrer démat dépôt dit das du e-fact eattest eagreement ebox efact ehbox
    ehealth ehealthbox ehr eid emv en encore end error erreur esb etk executor factuur facturation fail fehler
    fehlermeldung firefox foutmelding frontend fax firewall fwd fyi gdpr geen gemd geht gmd google gp graag
    groetjes groeten groupe hallo hello help helpdesk hi hoofdstuk hub huis hôpital iam idem ik impossible ii
    iii iv v vi inami ip insz insurability internet intermed intranet ios is itsme ja je kgss klinik
    krankenhaus la lab labo laboratoire le les liste login logiciel lukt mac maandag mail maintenance mcn
    medikament mediprima melding memberdata merci mercredi metahub microsoft mondag montag mutualité mutuelle
    mycarenet ne netwerk nextgen nichts niets nihil nihdi nictiz nis niss nn no non nota notdienst
    notification nothing nous november october oktober ok okay onmiddellijk ordinateur ordonnance outlook
    panne parefeu patch patient patiënt patienten patients pas pc pdf pharmacie pin plus portal portail
    prescribe prescriber prescription prescrire prise probleem problem problème problemen problemes pharmacien
    pour proximus praxis quick rechnung recipe recip recip-e registre registry rezept rezepte rid riziv rn rrn
    rr rsw sécurité sans server serveur service session sessie sitzung site software soins spoed sts ssin
    sumehr support svp system systeem systembetreuung systeme système tarif tarification team technik
    teamviewer teleservice test therlink ticket time timeout time-out token toestemming toujours tot tsa tip
    toegang uddi uhr update urgent urgence urgences url usb vaccinnet vault versie version verzekerbaarheid
    verordnung versicherbarkeit vidal vitalink voorschrift voorschriften voorschrijven vpn vrijdag vznkul web
    weer wachtdienst wachtpost windows wifi wlan xml ziekenfonds zorg zu zugang zugriff abrechnung
    einwilligung impfung patientenakte arzt ärztin arztpraxis apotheke weiterhin lundi mardi jeudi vendredi
    samedi dimanche dinsdag woensdag donderdag zaterdag zondag dienstag mittwoch donnerstag freitag samstag
    sonntag monday tuesday wednesday thursday friday saturday sunday januari februari maart april mei juni
    juli augustus september december janvier février mars avril mai juin juillet août septembre octobre
    novembre décembre januar februar märz dezember january february march may june july august aalst antwerpen
    anvers arlon aarlen bastogne brugge bruges charleroi dinant eupen gent gand genk hasselt huy ieper
    kortrijk leuven louvain liège luik lüttich limburg limbourg luxembourg luxemburg mechelen malines mons
    bergen mouscron namur namen nivelles oostende ostende roeselare tongeren tournai doornik turnhout verviers
    wavre waver waregem sint-niklaas hainaut henegouwen vlaanderen flandre wallonie wallonië wallonien
    vlaams-brabant brabant
    """.split()  # noqa: SIM905  a wall of words reads better than a wall of quotes
)

ACRONYMS: Final = frozenset({"sam"})
"""Words of the trade in capitals that are given names when written otherwise (SAM, the medicines database)."""
