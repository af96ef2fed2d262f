import time
from rfrobust.tuning import *
def T(f,*a,**k):
    f(*a,**k); t=time.time(); r=f(*a,**k); print(f"{1e3*(time.time()-t):.1f} ms",str(r)[:600]); return r
T(best_training,3,2,.5,eps_test=.3)
T(best_training,3,2,.5,eps_test=.3,eps=.3,ridge=None)
T(best_training,3,2,.5,eps_test=.3,ridge=None)
T(best_training,3,2,.5,eps_test=0.,ridge=None)
T(best_training,3,2,.5,eps_test=1.3,ridge=None)
T(best_width,2,.1,.5)
T(best_width,2,.5,.5)
T(best_width,2,.3,.5,eps_test=.1)
T(best_activation,3,2,.3,.5)
T(best_activation,3,2,.9,.5,eps_test=.3)
T(best_activation,10,2,.1,.5)
T(best_activation,1,2,.3,.5)
T(best_activation,1,2,.1,.5)
t=time.time(); p=pareto(3,2,.5,eps_test=.3); print(time.time()-t,p)
