# ruff: noqa: RUF001  letters of other scripts are meant
"""Words that many names share, by what they mean. A line is `meant = said said ...`; `_` stands for
a space, and an indented line goes on with the one above."""

SILENT = """
of the and for in at on to an de la le les du des d l der die das dem den fur und im am zu zur di da
do dos das del della degli delle dei e y et i v van voor het en a as og och za na u po w z co ltd
limited inc incorporated corp corporation llc llp plc gmbh mbh ag kg kgaa se sa sas sarl spa srl bv
nv oy oyj ab aps kft zrt sro doo ooo oao zao pao jsc pvt pte sdn bhd kk tnhh cp και του της των ο η
имени им при и в на ооо оао зао пао
"""
"""Small words and legal forms: they weigh nothing."""

KINDS = """
university = universität universitaet université universidad universidade università universiteit
  universitet universitetet universitas universiti univerzita univerzitet univerza universitate
  uniwersytet egyetem yliopisto ülikool universitatea univ uni üniversitesi universitatis
  universitetas universitāte đại_học trường_đại_học daigaku daxue университет університет
  універсітэт πανεπιστήμιο جامعة الجامعة אוניברסיטת האוניברסיטה विश्वविद्यालय
college = hochschule högskola høgskole hogeschool cao_đẳng trường_cao_đẳng collegio colegio colleges
  kolej колледж
institute = institut instituto istituto instytut insitute viện inst институт інститут ινστιτούτο
  معهد מכון संस्थान
academy = akademie akademia akademija academia académie accademia học_viện академия академія
  ακαδημία أكاديمية אקדמיה अकादमी
school = école escuela escola scuola schule szkoła skola trường школа σχολή مدرسة
faculty = fakultät faculté facultad khoa
national = nacional nationale nazionale nationaal quốc_gia национальный національний εθνικό الوطنية
  राष्ट्रीय
state = estatal estadual государственный державний гос
royal = real royale
federal = federale федеральный
center = centre centro zentrum centrum trung_tâm центр κέντρο مركز केंद्र
society = gesellschaft
foundation = stiftung fondation fundación fondazione fundacja quỹ фонд
group = gruppe grupo tập_đoàn
company = công_ty công_ty_cổ_phần compagnie compañía
"""
"""What kind of body it is."""

FIELDS = """
technology = technologie tecnología technologia công_nghệ technologies technologien технологии tech
technical = technische technisches technischer technique técnica técnico tekniska tekniske technická
  techniczny techniczna технический
polytechnic = polytechnique politécnico politecnico politécnica polytechnische politechnika
  bách_khoa polytechnical политехнический πολυτεχνείο
science = sciences wissenschaft wissenschaften scienze ciencia ciencias khoa_học наук επιστημών
  العلوم विज्ञान
applied = angewandte angewandten appliquées aplicadas
medicine = medical medizin medizinische médecine medicina médico y_khoa y_dược y медицинский ιατρική
  الطب
agriculture = agricultural agronomy agraria agrícola nông_nghiệp nông_lâm аграрный
economics = economic economy economía économie wirtschaft kinh_tế экономический οικονομικό
engineering = ingeniería ingegneria ingénierie kỹ_thuật инженерный
education = pedagogical pedagogy sư_phạm educación педагогический शिक्षा
arts = art kunst künste artes arti mỹ_thuật искусств
music = musik musique música âm_nhạc
law = droit derecho recht luật
business = commerce comercio handels thương_mại
foreign = ngoại_ngữ ngoại_thương
transport = giao_thông giao_thông_vận_tải
construction = xây_dựng
research = forschung recherche investigación ricerca nghiên_cứu
management = administration
pharmacy = dược
architecture = kiến_trúc
forestry = lâm_nghiệp
mining = mỏ_địa_chất
maritime = hàng_hải
normal = teachers
"""
"""What it teaches or does: it tells the universities of one city apart."""

KINDS_WITHIN = """
大学 = 大学校 大学院大学 대학교 대학 มหาวิทยาลัย
学院 = 学园 학원 วิทยาลัย 高等专门学校 高専
研究所 = 研究院 研究机构 연구원 연구소 สถาบัน
公司 = 有限公司 股份有限公司 有限责任公司 株式会社 주식회사 บริษัท 集团
国立 = 국립 公立 私立 县立 府立 市立 แห่งชาติ
"""
"""The same in scripts that put no space between words."""

FIELDS_WITHIN = """
科技 = 科学技术 과학기술 เทคโนโลยี 技术科学 技科
工业 = 工科 理工 공업 工程
师范 = 教育 교육
医科 = 医药 医疗 의과
农业 = 农林 농업 เกษตร
财经 = 经济 经贸 金融
外国语 = 外语 외국어
交通 =
艺术 = 예술 美术
女子 = 여자
"""
"""The same for fields."""
