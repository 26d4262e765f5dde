"""Small built-in lists from which people, firms and places are invented.

Nobody here exists. Cities and streets are made up; e-mail addresses end in the reserved ``.example``; telephone
numbers begin with +999, a country code that is not assigned.
"""

from __future__ import annotations

# Given names; after a colon the short form that some touchpoints write down.
GIVEN = {
    "latin": (
        "Alice Amelia:Amy Andrew:Andy Anna Anthony:Tony Barbara:Barb Benjamin:Ben Caroline:Carrie Catherine:Kate "
        "Charles:Charlie Charlotte:Lottie Christine:Chris Christopher:Chris Daniel:Dan David:Dave Deborah:Debbie "
        "Edward:Ed Eleanor:Ellie Elisabeth:Lisa Emily Emma Eric Eva Frances:Fran Frederick:Fred George Grace Hannah "
        "Harriet:Hattie Helen Henry:Harry Isabella:Bella Jacob:Jake James:Jim Jane Janet Jennifer:Jenny Jessica:Jess "
        "Joanna:Jo John Jonathan:Jon Joseph:Joe Julia Karen Katherine:Kathy Kenneth:Ken Laura Leonard:Leo Linda Louis "
        "Lucas:Luke Lucy Margaret:Maggie Maria Mark Martha Martin Mary Matthew:Matt Maxwell:Max Michael:Mike Miriam "
        "Monica Nancy Natalie Nathan Nicholas:Nick Nina Nora Oliver:Olly Oscar Patricia:Pat Patrick:Pat Paul Peter:Pete "
        "Philip:Phil Rachel Rebecca:Becky Richard:Rick Robert:Bob Rose Ruth Samuel:Sam Sandra Sarah Sebastian:Seb "
        "Simon Sophie Stephen:Steve Susan:Sue Theodore:Theo Theresa:Terry Thomas:Tom Timothy:Tim Victoria:Vicky "
        "Vincent:Vince Walter William:Will Zoe"
    ),
    "accented": (
        "Agnès Andreas:Andi André Ángel Anneliese:Anne Antje Ayşe Beatriz:Bea Björn Bogdan Cécile Çağla Clémence "
        "Elżbieta:Ela Émile Esra Fátima Florian:Flo François Friederike:Rike Gisèle Gonçalo Grażyna Günther Hélène "
        "Håkan Inês Jérôme Joaquín João Jörg Józef Jürgen Käthe Kübra Łukasz Małgorzata:Gosia Matthias:Matze Mélanie "
        "Noël Núria Øystein Özlem Paweł Raúl René Sébastien:Seb Şule Søren Stéphane Tomáš Tülay Ümit Václav "
        "Wojciech:Wojtek Zoë Zuzana Žofia"
    ),
}
FAMILY = {
    "latin": (
        "Abbott Adams Archer Atkins Bailey Baker Barnes Bell Bennett Bishop Black Blake Bond Booth Bowen Bradley Brooks "
        "Brown Bryant Burton Butler Carter Chapman Clark Cole Collins Cook Cooper Cox Crawford Cross Davies Dawson Dixon "
        "Douglas Doyle Drew Dunn Edwards Ellis Evans Farmer Fisher Fleming Fletcher Forbes Ford Foster Fox Francis "
        "Freeman Gardner Gibson Gilbert Gordon Graham Grant Gray Green Griffin Hale Hall Hamilton Harper Harris Harvey "
        "Hayes Henderson Hill Holland Holmes Howard Hudson Hughes Hunter Jackson Jenkins Johnson Jones Jordan Keller "
        "Kelly Kennedy King Knight Lambert Lane Lawson Lee Lewis Lloyd Marsh Marshall Martin Mason Matthews Mills Moore "
        "Morgan Morris Murphy Murray Nash Nelson Newman Nichols North Norton Owen Palmer Parker Pearson Perry Phillips "
        "Porter Powell Price Quinn Reed Reid Reynolds Rhodes Richards Roberts Robinson Rogers Rose Russell Ryan Sanders "
        "Saunders Scott Shaw Simpson Smith Spencer Stevens Stone Sutton Taylor Thompson Tucker Turner Vaughan Wagner "
        "Walker Wallace Ward Warren Watson Webb Wells West White Wilson Winter Wood Wright Young"
    ),
    "accented": (
        "Ångström Açıkgöz Aydın Bähr Beyoğlu Błaszczyk Bräuer Çelik Château Côté Dąbrowski Doğan Döring Dvořák Förster "
        "Frühauf Fuß García Gößling Gómez González Gräf Groß Güler Gutiérrez Hägg Hernández Höfer Hölzl Jäger Jiménez "
        "Jørgensen Kılıç Köhler König Kowalczyk Krüger Küçük Lefèvre López Löwe Łukasik Magalhães Márquez Martínez "
        "Möller Müller Muñoz Nørgaard Núñez Nováková Öztürk Pérez Poirée Příhoda Ramírez Rodríguez Römer Rößler "
        "Sánchez Schäfer Schröder Şahin Søndergaard Šimek Świątek Thévenet Vögele Weiß Wróbel Yıldız Zając Zöllner "
        "Żukowski"
    ),
}
# Names in other scripts with the Latin spelling that some touchpoints use instead.
GIVEN_SCRIPT = {
    "chinese": "伟=Wei 芳=Fang 娜=Na 秀英=Xiuying 敏=Min 静=Jing 丽=Li 强=Qiang 磊=Lei 军=Jun 洋=Yang 勇=Yong 艳=Yan 杰=Jie "
    "娟=Juan 涛=Tao 明=Ming 超=Chao 秀兰=Xiulan 霞=Xia 平=Ping 刚=Gang 桂英=Guiying 文=Wen 雪梅=Xuemei 建国=Jianguo 晓东=Xiaodong",
    "cyrillic": "Анна=Anna Борис=Boris Вера=Vera Виктор=Viktor Галина=Galina Дмитрий=Dmitri Елена=Elena Иван=Ivan "
    "Ирина=Irina Кирилл=Kirill Людмила=Lyudmila Максим=Maksim Мария=Maria Наталья=Natalia Олег=Oleg Ольга=Olga "
    "Павел=Pavel Раиса=Raisa Сергей=Sergei Татьяна=Tatiana Фёдор=Fyodor Юлия=Yulia Ярослав=Yaroslav",
    "greek": "Αλέξανδρος=Alexandros Βασιλική=Vasiliki Γεώργιος=Georgios Δήμητρα=Dimitra Ελένη=Eleni Ζωή=Zoi "
    "Θανάσης=Thanasis Ιωάννα=Ioanna Κωνσταντίνος=Konstantinos Λουκία=Loukia Μαρία=Maria Νικόλαος=Nikolaos "
    "Παναγιώτης=Panagiotis Σοφία=Sofia Σπύρος=Spyros Χριστίνα=Christina",
}
FAMILY_SCRIPT = {
    "chinese": "王=Wang 李=Li 张=Zhang 刘=Liu 陈=Chen 杨=Yang 黄=Huang 赵=Zhao 吴=Wu 周=Zhou 徐=Xu 孙=Sun 马=Ma 朱=Zhu 胡=Hu "
    "郭=Guo 何=He 林=Lin 高=Gao 罗=Luo 郑=Zheng 梁=Liang 谢=Xie 宋=Song 唐=Tang 许=Xu 邓=Deng 韩=Han 冯=Feng 曹=Cao",
    "cyrillic": "Алексеенко=Alekseenko Бойко=Boyko Василенко=Vasilenko Громыко=Gromyko Дьяченко=Dyachenko "
    "Жук=Zhuk Зайченко=Zaichenko Иваненко=Ivanenko Коваль=Koval Кравчук=Kravchuk Лысенко=Lysenko Мельник=Melnik "
    "Марчук=Marchuk Науменко=Naumenko Панченко=Panchenko Романюк=Romanyuk Савчук=Savchuk Ткач=Tkach "
    "Филиппенко=Filippenko Шевчук=Shevchuk Щербак=Shcherbak Юрченко=Yurchenko",
    "greek": "Αγγελόπουλος=Angelopoulos Βλάχος=Vlachos Γιαννακάκης=Giannakakis Δημητρίου=Dimitriou "
    "Ιωαννίδης=Ioannidis Καραγιάννης=Karagiannis Κωστόπουλος=Kostopoulos Λάμπρου=Lamprou Μακρής=Makris "
    "Νικολάου=Nikolaou Οικονόμου=Oikonomou Παππάς=Pappas Σαμαράς=Samaras Τσάκωνας=Tsakonas Χατζής=Chatzis",
}
SCRIPT_SHARE = {"latin": 0.60, "accented": 0.25, "chinese": 0.06, "cyrillic": 0.05, "greek": 0.04}

STREETS = (
    "Acorn Alder Anchor Apple Barley Beacon Birch Bramble Bridge Canal Castle Cedar Chapel Cherry Chestnut Clover Copper "
    "Cypress Elm Falcon Fern Fir Forge Garden Glen Granite Harbour Hawthorn Hazel Heron Hill Holly Ivy Juniper Lake "
    "Lantern Larch Laurel Lavender Lily Linden Lock Magnolia Maple Market Meadow Mill Mint Moss Oak Olive Orchard Otter "
    "Park Pear Pebble Pine Plum Poplar Primrose Quarry Raven River Robin Rowan Saffron Sage School Spring Spruce Station "
    "Stone Sunset Swan Thistle Thyme Tulip Valley Vine Walnut Willow Windmill"
)
STREET_KINDS = (
    ("Street", "St"),
    ("Road", "Rd"),
    ("Lane", "Ln"),
    ("Avenue", "Ave"),
    ("Square", "Sq"),
    ("Way", "Way"),
)
BIG_CITIES = "Altmarkt,Brightwater,Corvina,Dornhaven,Estrella Nova,Fairmouth,Grünberg am See,Harrowgate"
SMALL_CITIES = (
    "Ashcombe,Birkenau am Wald,Coldspring,Dunmere,Eschenried,Foxley,Glenmoor,Hollins,Inverloch,Juniper Bay,Kestrel Hill,"
    "Lindenfels,Marlow Green,Nieder-Rosbach,Oakhurst,Pinewood,Quellental,Rookhope,Sankt Velten,Thornby,Ullsdorf,"
    "Verdemont,Westerby,Zwickelried"
)
MAIL_HOSTS = ("mail.example", "post.example", "inbox.example", "letter.example", "box.example")

FIRM_HEADS = "Alder Beacon Cedar Delta Evergreen Falcon Granite Harbour Ivory Juniper Keystone Lantern Meridian Nimbus Orchard Pioneer Quartz Summit Tern Umber Vertex Willow"
FIRM_TAILS = "Logistics,Dental Practice,Architects,Consulting,Bakery,Hotels,School,Software,Law Office,Engineering,Clinic,Studios"
